/** What a crash of the server does to pg_net: everything queued and answered is gone. */

import postgres from 'postgres'
import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { testProject } from '../support/project.ts'
import { openEndpoint } from './endpoint.ts'
import { isReal, SKIPPED } from './subject.ts'

describe.skipIf(isReal)(
  isReal ? `pg_net after a crash (${SKIPPED})` : 'pg_net after a crash',
  async () => {
    const fixture = isReal ? undefined : await testProject({ faults: {}, ownServers: true })

    it('has lost queue and responses, begins its ids at 1 and sends again', async () => {
      const { project, servers, targetUrl } = fixture!
      const endpoint = await openEndpoint()
      const sql = postgres(targetUrl, { max: 1, prepare: false, onnotice: () => undefined })
      const post = async (path: string) => {
        const [row] = await sql<
          { id: string }[]
        >`select net.http_post(${endpoint.url + path}) as id`
        return row!.id
      }
      await eventually(async () => (await post('/before')) && endpoint.to('/before').length > 0, {
        within: 5000,
      })
      project.net.pause()
      await post('/lost')
      await servers.target.restart('immediate')
      const [left] = await eventually(
        () => sql`
        select (select count(*)::int from net.http_request_queue) as queued,
               (select count(*)::int from net._http_response) as answered`,
        { within: 10_000 },
      )
      expect(left).toEqual({ queued: 0, answered: 0 })
      project.net.resume()
      expect(Number(await post('/after'))).toBe(1)
      await eventually(() => endpoint.to('/after').length === 1, { within: 10_000 })
      expect(endpoint.to('/lost')).toEqual([])
      await sql.end({ timeout: 1 })
    })
  },
)
