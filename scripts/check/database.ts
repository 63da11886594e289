/**
 * Checks that need a database: applies the migrations to a fresh embedded project, then holds the
 * catalog to the house rules and to the platform's advisors, and the generated types to the catalog.
 * `--write` updates the types instead of comparing them.
 */
import postgres from 'postgres'
import { openFreshDatabase } from '../rehearsal/database.ts'
import { pushMigrations } from '../rehearsal/deploy.ts'
import { catalogProblems } from './catalog-rules.ts'
import { run } from './command.ts'
import { typesProblems } from './database-types.ts'

const write = process.argv.includes('--write')

const database = await openFreshDatabase()
const problems = await check(database.url).finally(database.stop)
for (const problem of problems) console.error(problem)
process.exitCode = problems.length === 0 ? 0 : 1

async function check(url: string): Promise<string[]> {
  const { code, transcript } = await pushMigrations(url)
  if (code !== 0) return [`supabase db push:\n${transcript.trim()}`]
  return [
    ...(await houseRules(url)),
    ...(await advisors(url)),
    ...(await typesProblems(url, write)),
  ]
}

async function houseRules(url: string): Promise<string[]> {
  const sql = postgres(url, { max: 1 })
  try {
    return await catalogProblems(sql)
  } finally {
    await sql.end()
  }
}

/** The lints of the platform's dashboard: security and performance. */
async function advisors(url: string): Promise<string[]> {
  const level = ['--level=warn', '--fail-on=warn']
  const { code, transcript } = await run('supabase', [
    'db',
    'advisors',
    ...level,
    `--remote=${url}`,
  ])
  return code === 0 ? [] : [`supabase db advisors:\n${transcript.trim()}`]
}
