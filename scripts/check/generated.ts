/** Files that are generated from something else and stored, so that a change of them can be read. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { REPOSITORY } from '../local/paths.ts'
import { run } from './command.ts'

/**
 * Compares a stored file with what it should be, formatted as the rest of the code, or writes it.
 *
 * @param file relative to the repository
 * @returns what is wrong; nothing where both agree
 */
export async function generatedProblems(
  file: string,
  content: string,
  write: boolean,
): Promise<string[]> {
  const generated = await formatted(file, content)
  const path = join(REPOSITORY, file)
  if (write) {
    await writeFile(path, generated)
    return []
  }
  const stored = await readFile(path, 'utf8').catch(() => '')
  return stored === generated ? [] : [`${file} is out of date: npm run types`]
}

async function formatted(file: string, content: string): Promise<string> {
  const { code, output, transcript } = await run(
    'biome',
    ['format', `--stdin-file-path=${file}`, '--colors=off'],
    { input: content },
  )
  if (code !== 0) throw new Error(transcript)
  return output
}
