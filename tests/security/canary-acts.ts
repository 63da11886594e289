/** What operators do with the ward, and everything that they are answered. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Sql } from 'postgres'
import type { Project } from '../../scripts/local/index.ts'
import { ferry } from '../e2e/report-command.ts'
import { eventually } from '../support/eventually.ts'

export interface Stage {
  readonly project: Project
  readonly source: Sql
  readonly target: Sql
  /** Every answer over HTTP, with its status. */
  readonly answers: string[]
  /** Everything that the command line printed. */
  readonly printed: string[]
}

interface Body {
  readonly migration_id?: string
  readonly error?: { readonly code: string }
}

export async function ask(stage: Stage, name: string, body: object | string) {
  const { project, answers } = stage
  const isQuery = typeof body === 'string'
  const query = isQuery ? `?${body}` : ''
  const response = await fetch(`${project.url}/functions/v1/${name}${query}`, {
    method: isQuery ? 'GET' : 'POST',
    headers: { apikey: project.keys.secret, 'content-type': 'application/json' },
    ...(isQuery ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  answers.push(`${name} ${response.status} ${text}`)
  return { status: response.status, body: JSON.parse(text) as Body }
}

/** Id of a migration that was begun. */
export async function begin(stage: Stage, plan: object): Promise<string> {
  const { status, body } = await ask(stage, 'start', { plan })
  if (status !== 202) throw new Error(`start answered ${status}: ${JSON.stringify(body)}`)
  return String(body.migration_id)
}

export async function ends({ target }: Stage, id: string): Promise<string> {
  return eventually(
    async () => {
      const [row] = await target<{ status: string }[]>`
        select status from migration.orchestrations where id = ${id}`
      const open = await target`
        select kind, status, error_summary, attempt from migration.batches
         where migration_id = ${id} and status <> 'completed' limit 5`
      if (row?.status === 'completed' || row?.status === 'failed') return row.status
      throw new Error(`${row?.status} ${JSON.stringify(open)}`)
    },
    { what: 'the end of a migration', within: 90_000, every: 100 },
  )
}

/** A verb of control, and the verdict of the verification that it ends with. */
export async function steer(
  stage: Stage,
  id: string,
  action: string,
  more: object = {},
): Promise<string> {
  const { status, body } = await ask(stage, 'control', { action, migration_id: id, ...more })
  if (status !== 200) return `${status} ${body.error?.code}`
  return eventually(
    async () => {
      const [pass] = await stage.target<{ kind: string; status: string }[]>`
        select kind, status from migration.verifications
         where migration_id = ${id} order by started_at desc, status = 'running' desc limit 1`
      if (pass?.status === 'aborted') return 'aborted'
      if (pass?.kind === 'verify' && pass.status !== 'running') return pass.status
      throw new Error(JSON.stringify(pass))
    },
    { what: `the verdict after ${action}`, within: 60_000, every: 100 },
  )
}

/** Runs `ferry`, its project's address first. */
export async function command(stage: Stage, args: readonly string[], plan?: object) {
  const directory = mkdtempSync(join(tmpdir(), 'ferry-canary-'))
  if (plan !== undefined) writeFileSync(join(directory, 'plan.json'), JSON.stringify(plan))
  const { url, keys } = stage.project
  const ended = await ferry(['--url', url, '--key', keys.secret, ...args], directory)
  stage.printed.push(`${args.join(' ')}: ${ended.code} ${ended.out} ${ended.err}`)
  return ended
}
