/** Puts a report's page into a file, which it may only take from another report. */
import { open, writeFile } from 'node:fs/promises'
import { badInput } from '../ferry/refusal.ts'
import type { MigrationReport } from './document.ts'
import { isReport, page } from './page.ts'

/**
 * @param isForced whether any file may be overwritten
 * @throws FerryError `file_exists`, `file_unwritable`
 */
export async function writePage(
  file: string,
  report: MigrationReport,
  isForced: boolean,
): Promise<void> {
  try {
    const before = await beginningOf(file)
    if (!isForced && before !== undefined && !isReport(before)) {
      throw badInput(
        'file_exists',
        `${file} exists and is no report.`,
        'Give another name with --html, or --force to overwrite it.',
      )
    }
    // Keys of rows that differ are in it: for its owner, until its owner shares it.
    await writeFile(file, page(report), { mode: 0o600 })
  } catch (error) {
    const code = error instanceof Error && 'syscall' in error && 'code' in error ? error.code : ''
    if (code === '') throw error
    throw badInput(
      'file_unwritable',
      `${file} cannot be written (${String(code)}).`,
      'Give the name of a file in a folder that exists with --html.',
    )
  }
}

/** Enough of a file to know a report by; undefined where there is none. */
async function beginningOf(file: string): Promise<string | undefined> {
  try {
    const handle = await open(file, 'r')
    try {
      const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(256) })
      return buffer.toString('utf8', 0, bytesRead)
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
