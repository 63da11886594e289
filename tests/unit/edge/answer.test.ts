import { expect, test } from 'vitest'
import { FerryError } from '../../../shared/platform/errors.ts'
import { answer } from '../../../supabase/functions/_shared/answer.ts'
import { RequestRefused } from '../../../supabase/functions/_shared/problems.ts'
import { serve } from '../../../supabase/functions/_shared/serve.ts'
import { recordingPlatform } from './recording-platform.ts'

const CANARY = 'canary-7d1f'

/** What a caller and a reader of the log see when a function fails with `thrown`. */
async function failingWith(thrown: unknown) {
  const platform = recordingPlatform()
  const { fetch } = serve(platform, {
    name: 'probe',
    method: 'POST',
    handle: async () => {
      throw thrown
    },
  })
  const response = await fetch(new Request('http://functions.test/', { method: 'POST' }))
  const text = await response.text()
  return { response, text, body: JSON.parse(text), log: JSON.stringify(platform.entries) }
}

/** As a driver raises it: values of rows in every field, enumerable or not. */
function driverError(): Error {
  const error = Object.assign(
    new Error(`duplicate key (email)=(${CANARY})\n    at ${CANARY} (x:1:1)`),
    {
      code: '23505',
      detail: CANARY,
      parameters: [CANARY],
      name: 'PostgresError',
    },
  )
  Object.defineProperty(error, 'args', { value: [CANARY], enumerable: false })
  return error
}

test.each([
  ['a driver error', driverError()],
  [
    'an error whose name and code carry text',
    Object.assign(new Error(), { name: `${CANARY} !`, code: `${CANARY} !` }),
  ],
  ['an error with a cause', new Error('outer', { cause: driverError() })],
  ['an error whose message changed after its stack was taken', changed()],
  ['a thrown string', CANARY],
  ['a thrown object', { message: CANARY, toString: (): string => CANARY }],
])('%s becomes a bare 500; its text reaches neither answer nor log', async (_name, thrown) => {
  const { response, text, body, log } = await failingWith(thrown)
  expect(response.status).toBe(500)
  expect(body).toEqual({
    error: {
      code: 'internal',
      message: expect.any(String),
      hint: expect.any(String),
      context: { reference: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    },
  })
  expect(text).not.toContain(CANARY)
  expect(log).not.toContain(CANARY)
  expect(log).toContain(body.error.context.reference)
})

function changed(): Error {
  const error = new Error(`first ${CANARY}`)
  void error.stack
  error.message = 'second'
  return error
}

test('what is known about an unforeseen error is in the log', async () => {
  const { log } = await failingWith(driverError())
  expect(log).toContain('"error":"PostgresError"')
  expect(log).toContain('"error_code":"23505"')
})

test('a FerryError is answered as it says, without its cause', async () => {
  const { response, text, body, log } = await failingWith(
    new FerryError({
      code: 'migration_unknown',
      message: 'No migration has this id.',
      hint: 'Look at the list.',
      status: 404,
      path: 'migration_id',
      context: { known: 3 },
      cause: driverError(),
    }),
  )
  expect(response.status).toBe(404)
  expect(response.headers.get('content-type')).toContain('application/json')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(body).toEqual({
    error: {
      code: 'migration_unknown',
      message: 'No migration has this id.',
      hint: 'Look at the list.',
      path: 'migration_id',
      context: { known: 3 },
    },
  })
  expect(text + log).not.toContain(CANARY)
})

test('several problems are answered together', async () => {
  const problem = (path: string) => ({
    code: 'request_invalid',
    message: 'No.',
    hint: 'Yes.',
    path,
  })
  const { response, body } = await failingWith(new RequestRefused([problem('a'), problem('b')]))
  expect(response.status).toBe(400)
  expect(body.error.path).toBe('a')
  expect(body.problems).toEqual([problem('a'), problem('b')])
})

test('a request is one line in the log: function, method, status, code, duration', async () => {
  const platform = recordingPlatform()
  const { fetch } = serve(platform, {
    name: 'probe',
    method: 'GET',
    handle: async () => answer(200, {}),
  })
  await fetch(new Request('http://functions.test/?secret=1'))
  const wrong = await fetch(new Request('http://functions.test/', { method: 'DELETE' }))
  expect(wrong.status).toBe(405)
  expect(wrong.headers.get('allow')).toBe('GET')
  const duration_ms = expect.any(Number)
  expect(platform.entries).toEqual([
    {
      level: 'info',
      stage: 'request',
      fields: { function: 'probe', method: 'GET', status: 200, code: null, duration_ms },
    },
    {
      level: 'info',
      stage: 'request',
      fields: {
        function: 'probe',
        method: 'DELETE',
        status: 405,
        code: 'method_not_allowed',
        duration_ms,
      },
    },
  ])
})
