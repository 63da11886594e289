/** What Vault does for `postgres` and `service_role`, and refuses to everybody else. */
import { afterAll, describe, expect, it } from 'vitest'
import { openSubject, signatures, uniqueName } from './subject.ts'

const { sql } = await openSubject()
const name = uniqueName('conformance')
afterAll(async () => {
  await sql`delete from vault.secrets where name = ${name}`
})

describe('Vault', () => {
  it('has the signatures of 0.3', async () => {
    expect(await signatures(sql, ['vault.create_secret', 'vault.update_secret'])).toEqual([
      "vault.create_secret(new_secret text, new_name text DEFAULT NULL::text, new_description text DEFAULT ''::text, new_key_id uuid DEFAULT NULL::uuid) returns uuid",
      'vault.update_secret(secret_id uuid, new_secret text DEFAULT NULL::text, new_name text DEFAULT NULL::text, new_description text DEFAULT NULL::text, new_key_id uuid DEFAULT NULL::uuid) returns void',
    ])
  })

  it('stores a secret encrypted, shows it decrypted, changes and deletes it', async () => {
    const [made] = await sql<{ id: string }[]>`
      select vault.create_secret('first ü', ${name}, 'what for') as id`
    const [stored] = await sql<{ secret: string }[]>`
      select secret from vault.secrets where id = ${made!.id}`
    expect(stored?.secret).not.toContain('first')
    const shown = () => sql`
      select decrypted_secret, description from vault.decrypted_secrets where name = ${name}`
    expect(await shown()).toMatchObject([{ decrypted_secret: 'first ü', description: 'what for' }])
    await sql`select vault.update_secret(${made!.id}, 'second')`
    expect(await shown()).toMatchObject([{ decrypted_secret: 'second', description: 'what for' }])
    await expect(sql`select vault.create_secret('x', ${name})`).rejects.toMatchObject({
      code: '23505',
    })
    await sql`delete from vault.secrets where id = ${made!.id}`
    expect(await shown()).toHaveLength(0)
  })

  it('takes no secret but through its functions', async () => {
    await expect(sql`insert into vault.secrets (secret) values ('x')`).rejects.toMatchObject({
      code: '42501',
    })
    await expect(sql`update vault.secrets set secret = 'x'`).rejects.toMatchObject({
      code: '42501',
    })
  })

  it('is closed to anon and authenticated, open to service_role', async () => {
    const rows = await sql`
      select r as role, has_schema_privilege(r, 'vault', 'usage') as allowed
        from unnest('{anon,authenticated,service_role}'::text[]) r order by r`
    expect(rows).toMatchObject([
      { role: 'anon', allowed: false },
      { role: 'authenticated', allowed: false },
      { role: 'service_role', allowed: true },
    ])
  })
})
