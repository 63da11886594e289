// Counts a vitest JSON report: node summary.mjs REPORT FAILED_STEPS SKIPS_ALLOWED
// Prints `N passed, N failed`; exit code 1 where anything failed or nothing passed.
import { readFileSync } from 'node:fs'

const [file, failedSteps, skipsAllowed] = process.argv.slice(2)

function counts() {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'))
    const tests = report.testResults.flatMap((suite) => suite.assertionResults)
    const having = (...states) => tests.filter(({ status }) => states.includes(status))
    // A file that cannot be loaded, or whose set-up fails, has no failed test of its own.
    const broken = report.testResults.filter(
      ({ status, assertionResults }) =>
        status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
    )
    const skipped = having('skipped', 'pending', 'todo', 'disabled')
    for (const { fullName } of skipped) console.log(`skipped: ${fullName}`)
    return {
      passed: having('passed').length,
      failed: having('failed').length + broken.length,
      skipped: skipped.length,
      success: report.success === true,
    }
  } catch {
    console.log('the test runner left no report')
    return { passed: 0, failed: 0, skipped: 0, success: false }
  }
}

const { passed, failed, skipped, success } = counts()
// The step of the tests failed too where a test failed: it is not counted twice.
const steps = Number(failedSteps) - (failed > 0 && Number(failedSteps) > 0 ? 1 : 0)
const total = failed + steps + (skipsAllowed === 'true' ? 0 : skipped)
const wrong = total === 0 && (!success || passed === 0) ? 1 : total
console.log(`${passed} passed, ${wrong} failed`)
process.exitCode = wrong === 0 ? 0 : 1
