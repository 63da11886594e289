/** A sweep that compares all rows, beside a verification of the same: nothing differs in either. */
import { eventually } from '../../support/eventually.ts'
import type { Followed } from './followed.ts'

export interface HashPassRound {
  /** Milliseconds from the first claim of rows to the end of the last batch of rows. */
  readonly verification_ms: number
  readonly hash_ms: number
}

/** One after the other, in turn: rounds of a machine in use do not compare. */
export async function measureHashPass(
  followed: Followed,
  rounds: number,
): Promise<readonly HashPassRound[]> {
  const measured: HashPassRound[] = []
  for (let round = 0; round < rounds; round += 1) {
    const verification_ms = await verify(followed)
    measured.push({ verification_ms, hash_ms: await sweep(followed) })
  }
  return measured
}

async function verify({ target, id }: Followed): Promise<number> {
  await target`select migration._begin_verification(${id}, '{"mode": "full"}', false, null, 'bench'),
    migration.dispatch_lanes(${id})`
  return rowsTime({ target, id })
}

async function sweep({ target, id }: Followed): Promise<number> {
  await target`select migration.sweep(p_migration_id => ${id}, p_actor => 'bench', p_scope => 'hash')`
  return rowsTime({ target, id })
}

async function rowsTime({ target, id }: Pick<Followed, 'target' | 'id'>): Promise<number> {
  const look = async () => {
    const [pass] = await target<{ status: string; ms: number }[]>`
      select v.status, extract(epoch from max(b.completed_at) - min(b.started_at))::float * 1000 as ms
        from migration.verifications v left join migration.batches b on b.pass_id = v.id and b.check_name = 'rows'
       where v.migration_id = ${id} group by v.id order by v.started_at desc limit 1`
    if (pass?.status !== 'passed') throw new Error(JSON.stringify(pass))
    return pass.ms
  }
  return eventually(look, { what: 'the end of a pass', within: 300_000, every: 200 })
}
