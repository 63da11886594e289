/** Extensions that the target needs, collected while it is planned. */
import type { Problem } from '../plan/problem.ts'
import { quoteIdent } from '../projection/quote.ts'
import type { TargetState } from './target-state.ts'

export interface Extensions {
  /** Schema where the extension is or will be; undefined where the target does not offer it. */
  need(extension: string): string | undefined
  /** Statements that make what is missing. */
  ddl(): string[]
}

/** Where a project keeps extensions. */
const usualSchema = 'extensions'

/** Where an extension is, or would be created. */
export function extensionSchema(extension: string, target: TargetState): string {
  const installed = target.extensions.find(({ name }) => name === extension)
  if (installed !== undefined) return installed.schema
  const fixed = target.available.find(({ name }) => name === extension)?.schema
  if (fixed !== null && fixed !== undefined) return fixed
  return target.schemas.some(({ name }) => name === usualSchema) ? usualSchema : 'public'
}

export function extensionsOf(target: TargetState): Extensions {
  const missing = new Map<string, string>()
  return {
    need(extension) {
      const schema = extensionSchema(extension, target)
      if (target.extensions.some(({ name }) => name === extension)) return schema
      if (!target.available.some(({ name }) => name === extension)) return undefined
      missing.set(extension, schema)
      return schema
    },
    ddl: () =>
      [...missing].map(
        ([extension, schema]) =>
          `create extension if not exists ${quoteIdent(extension)} with schema ${quoteIdent(schema)} cascade`,
      ),
  }
}

/** A column's type belongs to an extension that the target cannot have. */
export function extensionMissing(type: string, extension: string): Omit<Problem, 'path'> {
  return {
    code: 'extension_missing',
    message: `The type ${type} belongs to the extension ${extension}, which the target does not offer.`,
    hint: 'Change the type at the source, or list the columns without it.',
  }
}
