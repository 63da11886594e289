/** An address is used exactly as written, or refused without showing any part of it. */
import { describe, expect, it } from 'vitest'
import { FerryError } from '../../../shared/platform/errors.ts'
import { parseAddress } from '../../../shared/wire/address.ts'

describe('parseAddress', () => {
  it('reads every part, percent-decoded', () => {
    const { ssl, ...rest } = parseAddress(
      'postgresql://a%40b:p%2Fw%3F%25@Db.example.com:6543/my%20db',
    )
    expect(rest).toEqual({
      host: 'Db.example.com',
      port: 6543,
      database: 'my db',
      username: 'a@b',
      password: 'p/w?%',
    })
    expect(ssl).toMatchObject({ rejectUnauthorized: true })
    expect(ssl).not.toHaveProperty('checkServerIdentity')
  })

  it('takes an IPv6 host and the default port', () => {
    expect(parseAddress('postgres://u:p@[::1]/d')).toMatchObject({ host: '::1', port: 5432 })
  })

  it('lowers TLS only where the address says so', () => {
    const ssl = (mode: string) => parseAddress(`postgres://u:p@h/d?sslmode=${mode}`).ssl
    expect(ssl('disable')).toBe(false)
    expect(ssl('require')).toMatchObject({ rejectUnauthorized: false })
    expect(ssl('verify-ca')).toMatchObject({ rejectUnauthorized: true })
    expect(ssl('verify-full')).toMatchObject({ rejectUnauthorized: true })
  })

  it.each([
    'postgres://user:hunter2@one,two/hidden',
    'postgres://user:hunter2@one:1,two:2/hidden',
    'postgres://user:hunter2@%2Fvar%2Frun/hidden',
    'postgres://user:hunter2@/hidden?host=/var/run',
    'postgres:///hidden',
    'mysql://user:hunter2@host/hidden',
    'host=hidden password=hunter2',
    'postgres://user:hunter2@host',
    'postgres://host/hidden',
    'postgres://user:hunter2%zz@host/hidden',
    'postgres://user:hunter2#x@host/hidden',
    'postgres://user:hunter2?x@host/hidden',
    'postgres://user:hunter2@host:99999/hidden',
    'postgres://user:hunter2@host/hidden?sslmode=prefer',
    'postgres://user:hunter2@host/hidden?sslmode=allow',
    'postgres://user:hunter2@host/hidden?sslmode=hunter2',
    'postgres://user:hunter2@host/hidden?sslmode=require&sslmode=disable',
    'postgres://user:hunter2@host/hidden?options=-c%20search_path%3Dx',
    'postgres://user:hunter2@host/hidden?hostaddr=127.0.0.1',
    'postgres://user:hunter2@host/hidden?hunter2=1',
    '',
  ])('refuses %s without showing it', (address) => {
    let error: unknown
    try {
      parseAddress(address)
    } catch (caught) {
      error = caught
    }
    expect(error).toBeInstanceOf(FerryError)
    const { message, hint, context, cause, stack } = error as FerryError
    const shown = JSON.stringify([
      message,
      hint.replace('user:password@host', ''),
      context,
      cause,
      stack,
    ])
    expect(shown).not.toMatch(/hunter2|hidden/)
  })
})
