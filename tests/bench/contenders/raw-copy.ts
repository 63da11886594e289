/** `psql COPY | psql COPY`, as many at a time as there are lanes: what the wire gives. */
import { spawnSync } from 'node:child_process'
import { connect, type Dataset, rowsOf, schemaStatements } from '../dataset.ts'
import { type Contender, type Contest, shell, url } from './contender.ts'

/** @param keyed whether the target's primary keys are there while the rows arrive */
export function rawCopy(keyed: boolean): Contender {
  return {
    name: keyed ? 'raw COPY | COPY, keys first' : 'raw COPY | COPY, bare tables',
    league: 'copy',
    absent: () =>
      spawnSync('sh', ['-c', 'command -v psql']).status === 0
        ? undefined
        : 'psql is not installed (Debian package postgresql-client)',
    async prepare(contest) {
      const sql = connect(contest.servers.target, contest.target)
      try {
        for (const statement of schemaStatements(contest.dataset, keyed)) {
          await sql.unsafe(statement)
        }
      } finally {
        await sql.end()
      }
    },
    async run(contest) {
      const ranges = rangesOf(contest.dataset, contest.lanes)
      await Promise.all(
        Array.from({ length: contest.lanes }, async () => {
          for (let next = ranges.shift(); next; next = ranges.shift()) await copy(contest, next)
        }),
      )
      return {}
    },
  }
}

interface Range {
  readonly table: string
  readonly where: string
}

/** Whole tables where they are enough to keep the lanes busy, else equal parts of them. */
function rangesOf(dataset: Dataset, lanes: number): Range[] {
  const parts = Math.max(1, Math.ceil(lanes / dataset.tables))
  return Array.from({ length: dataset.tables }, (_, number) => {
    const step = Math.ceil(rowsOf(dataset, number) / parts)
    return Array.from({ length: parts }, (_, part) => ({
      table: `item_${number}`,
      where: parts === 1 ? '' : ` where id > ${part * step} and id <= ${(part + 1) * step}`,
    }))
  }).flat()
}

async function copy(contest: Contest, { table, where }: Range): Promise<void> {
  await shell(
    contest,
    `psql -X -q '${url(contest, 'source')}' -c 'copy (select * from ${table}${where}) to stdout' \
      | psql -X -q '${url(contest, 'target')}' -c 'copy ${table} from stdin'`,
  )
}
