/** Which functions there are: the folders of the functions directory, with their settings in config.toml. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'smol-toml'
import { z } from 'zod'
import { FerryError } from '../../../shared/platform/errors.ts'

export interface FunctionDefinition {
  readonly name: string
  readonly entrypoint: string
  /** Its deno.json, where it has one. */
  readonly configFile: string | undefined
  readonly verifyJwt: boolean
}

const Config = z.object({
  functions: z
    .record(
      z.string(),
      z.object({
        enabled: z.boolean().default(true),
        verify_jwt: z.boolean().default(true),
        entrypoint: z.string().optional(),
      }),
    )
    .default({}),
})

/**
 * Reads the settings as the platform does: a folder without an entry is served with `verify_jwt = true`.
 * @param configFile the project's config.toml; a file that does not exist means no entries
 * @throws FerryError `config_invalid`
 */
export function listFunctions(
  directory: string,
  configFile: string,
): ReadonlyMap<string, FunctionDefinition> {
  const settings = readConfig(configFile).functions
  const found = new Map<string, FunctionDefinition>()
  if (!existsSync(directory)) return found
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const { name } = entry
    const own = settings[name]
    if (!entry.isDirectory() || /^[_.]/.test(name) || own?.enabled === false) continue
    const entrypoint = own?.entrypoint
      ? join(dirname(configFile), own.entrypoint)
      : join(directory, name, 'index.ts')
    if (!existsSync(entrypoint)) continue
    const denoJson = join(dirname(entrypoint), 'deno.json')
    found.set(name, {
      name,
      entrypoint,
      configFile: existsSync(denoJson) ? denoJson : undefined,
      verifyJwt: own?.verify_jwt ?? true,
    })
  }
  return found
}

function readConfig(file: string): z.infer<typeof Config> {
  if (!existsSync(file)) return { functions: {} }
  try {
    return Config.parse(parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    throw new FerryError({
      code: 'config_invalid',
      message: 'The config.toml of the project cannot be read.',
      hint: 'The cause names the line or the setting.',
      path: 'functions',
      cause,
    })
  }
}
