/** `ferry verify | repair [ID]`: compares both sides anew, or copies what differs again. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { VerifyOptions } from '../run/verify.ts'
import type { Client } from './client.ts'
import type { Console } from './console.ts'
import { grouped, printable } from './display/format.ts'
import { tableLines } from './display/table.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { identify } from './identify.ts'
import { badInput } from './refusal.ts'
import type { Finding, Mode, Report, Verification } from './report.ts'

export interface VerifyCommand {
  readonly id: string | undefined
  readonly action: 'verify' | 'repair'
  readonly mode?: Mode
  /** Both for what `ferry run` has moved; a project's functions know theirs. */
  readonly source?: string
  readonly target?: string
}

/** Milliseconds between two looks at a pass, and how long the project may be out of reach meanwhile. */
const LOOK_EVERY = 1000
const PATIENCE = 120_000
const SHOWN_FINDINGS = 50

/** Through the project's functions. Exit code 0 only without a finding that counts. */
export async function verify(
  client: Client,
  console: Console,
  command: VerifyCommand,
): Promise<ExitCode> {
  const id = await identify(client, command.id)
  await client.steer(command.action, id, command.mode)
  return tellPass(console, await awaitPass(client, id))
}

/** The report when the newest pass of a migration has ended. */
export async function awaitPass(client: Pick<Client, 'report'>, id: string): Promise<Report> {
  for (;;) {
    const report = await client.report(id, { milliseconds: PATIENCE })
    if (hasEnded(report)) return report
    await sleep(LOOK_EVERY)
  }
}

/** A repair or replay is followed by the verification that proves it, so only a verification is the end. */
function hasEnded({ verification }: Report): boolean {
  return (
    verification !== null &&
    verification.status !== 'running' &&
    (verification.kind === 'verify' || verification.status === 'aborted')
  )
}

/** With functions on this machine, for what `ferry run` has moved. */
export async function verifyRun(console: Console, command: VerifyCommand): Promise<ExitCode> {
  const { action, mode, id } = command
  return passHere(console, addressesOf(command), { action, mode, id })
}

/** @throws FerryError `address_missing` */
export function addressesOf(given: Pick<VerifyCommand, 'source' | 'target'>) {
  const source = given.source || process.env.LEGACY_DATABASE_URL
  const target = given.target || process.env.TARGET_DATABASE_URL
  if (source && target) return { source, target }
  throw badInput(
    'address_missing',
    `The ${source ? 'target' : 'source'} database has no address.`,
    'Give --source and --target, or set LEGACY_DATABASE_URL and TARGET_DATABASE_URL and give one of them.',
  )
}

/** A pass on this machine, to its end or until it is interrupted. */
export async function passHere(
  console: Console,
  addresses: ReturnType<typeof addressesOf>,
  pass: Pick<VerifyOptions, 'action' | 'mode' | 'id' | 'replay'>,
): Promise<ExitCode> {
  const { verifyHere } = await import('../run/verify.ts')
  const stop = new AbortController()
  const interrupt = () => stop.abort()
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  try {
    const log = () => undefined
    const report = await verifyHere({ ...addresses, ...pass, signal: stop.signal, log })
    if (report !== undefined) return tellPass(console, report)
    console.remark('Stopped. The same command goes on with it.')
    return EXIT.interrupted
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}

/** Results and findings of the newest pass. Exit code 0 where it has passed. */
export function tellPass(console: Console, report: Report): ExitCode {
  const { migration, verification } = report
  if (verification === null) return EXIT.unsuccessful
  console.result({
    migration_id: migration.migration_id,
    migration_status: migration.status,
    ...verification,
  })
  for (const line of lines(verification)) console.say(line)
  return verification.status === 'passed' ? EXIT.done : EXIT.unsuccessful
}

function lines(verification: Verification): string[] {
  const left = { align: 'left' } as const
  const right = { align: 'right' } as const
  const rows = verification.results.map((result) => [
    printable(result.entity_name),
    result.check_name,
    result.status,
    grouped(result.records_validated),
    result.issues_found === 0 ? '' : `${grouped(result.issues_found)} issues`,
  ])
  const { status, mode, records_validated, issues_found, failure_code, findings } = verification
  const more = issues_found - SHOWN_FINDINGS
  return [
    ...tableLines([left, left, left, right, right], rows),
    ...findings.slice(0, SHOWN_FINDINGS).map(findingLine),
    ...(more > 0 ? [`… and ${grouped(more)} more: see migration.verification_findings`] : []),
    `verification (${mode}) ${status}: ${grouped(records_validated)} rows, ${grouped(issues_found)} issues${failure_code ? `, ${failure_code}` : ''}`,
  ]
}

function findingLine(finding: Finding): string {
  const parts = [
    finding.row_key === null ? '' : `key ${finding.row_key.join(', ')}`,
    finding.columns.length === 0 ? '' : `in ${finding.columns.join(', ')}`,
    finding.object_name ?? '',
  ].filter((part) => part !== '')
  return printable(
    `  ${finding.severity === 'failed' ? '✗' : '!'} ${finding.entity_name}: ${finding.kind} ${parts.join(' ')}`,
  )
}
