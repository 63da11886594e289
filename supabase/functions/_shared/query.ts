/** Reads the query string; unknown and repeated parameters are errors, since a typing mistake in a
 * filter would otherwise answer a different question than the one that was asked. */
import type { z } from 'zod'
import { RequestRefused, validated } from './problems.ts'

/** @throws RequestRefused `request_invalid` 400 with every problem and its parameter */
export function readQuery<T>(request: Request, schema: z.ZodType<T>): T {
  const parameters = new URL(request.url).searchParams
  const names = [...parameters.keys()]
  const repeated = names.find((name, index) => names.indexOf(name) !== index)
  if (repeated !== undefined) {
    throw new RequestRefused([
      {
        code: 'request_invalid',
        message: 'The parameter is given more than once.',
        hint: 'Give each parameter once.',
        path: repeated,
      },
    ])
  }
  return validated(schema, Object.fromEntries(parameters))
}
