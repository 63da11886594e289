/** Whether a finished migration has been compared to the last row, and nothing was found. */
import postgres from 'postgres'

interface Verified {
  readonly mode: string
  readonly is_gate: boolean
  readonly status: string
  readonly validated: string
  readonly rows: string
  readonly findings: number
  readonly entities: number
  readonly checked: number
  readonly described: number
}

/**
 * Looks at the newest verification: it was the gate, in full, it has passed, and it looked at every row,
 * entity and schema, without so much as a warning. Only orphans that the source has, too, where it
 * never validated a reference, may be warned of.
 * @param address of the target, as a role that may read schema `migration`
 * @throws Error that shows what the verification says
 */
export async function assertVerified(address: string, migrationId: string): Promise<void> {
  const sql = postgres(address, { max: 1, onnotice: () => undefined })
  try {
    const [row] = await sql<Verified[]>`
      select v.mode, v.is_gate, v.status, v.records_validated as validated,
             o.records_read as rows, o.total_entities as entities,
             (select count(*)::int from migration.findings f
               where f.verification_id = v.id and (f.kind, f.severity) <> ('orphan', 'warning')) as findings,
             (select count(*)::int from migration.validation_results r
               where r.verification_id = v.id and r.status = 'passed' and r.check_name = 'checksum') as checked,
             (select count(*)::int from migration.validation_results r
               where r.verification_id = v.id and r.status = 'passed' and r.check_name = 'schema') as described
        from migration.verifications v join migration.orchestrations o on o.id = v.migration_id
       where v.migration_id = ${migrationId} order by v.started_at desc limit 1`
    const { entities, rows } = row ?? { entities: 0, rows: '0' }
    const expected: Verified = {
      mode: 'full',
      is_gate: true,
      status: 'passed',
      validated: rows,
      rows,
      findings: 0,
      entities,
      checked: entities,
      described: entities,
    }
    const differing = Object.entries(expected).filter(
      ([name, value]) => row?.[name as keyof Verified] !== value,
    )
    if (differing.length > 0) {
      throw new Error(
        `the verification is not without a finding: ${JSON.stringify({ ...row })}, not ${JSON.stringify(Object.fromEntries(differing))}`,
      )
    }
  } finally {
    await sql.end()
  }
}
