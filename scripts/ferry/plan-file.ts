/** Plans come from a file or from standard input. */
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { badInput } from './refusal.ts'

/**
 * The JSON in `path`, or on standard input for `-`. What it says is checked by the project.
 * @throws FerryError `plan_unreadable`, `plan_malformed`
 */
export async function readPlan(path: string): Promise<unknown> {
  const content = await contentOf(path)
  try {
    return JSON.parse(content)
  } catch (error) {
    const where = error instanceof Error ? position(error.message, content) : ''
    throw badInput(
      'plan_malformed',
      `The plan is not valid JSON${where}.`,
      'Comments and trailing commas are not JSON.',
    )
  }
}

async function contentOf(path: string): Promise<string> {
  try {
    return path === '-' ? await text(process.stdin) : await readFile(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw badInput(
      'plan_unreadable',
      `The plan ${path} cannot be read (${code}).`,
      'Give the path of a JSON file, or - for standard input.',
    )
  }
}

function position(message: string, content: string): string {
  const offset = /position (\d+)/.exec(message)?.[1]
  if (offset === undefined) return ''
  const before = content.slice(0, Number(offset)).split('\n')
  return ` at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
}
