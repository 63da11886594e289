/** Options and words that several commands share. */
import { InvalidArgumentError, Option } from 'commander'

/** Usual name of the secret, and of the environment variable, with the address of a source. */
export const SECRET = 'LEGACY_DATABASE_URL'

export const ID = 'id of the migration or a unique beginning of it'
export const NEWEST = `${ID}; the newest where absent`

export const PLAN = 'JSON file, or - for standard input'

export function sourceOption(): Option {
  return new Option('--source <address>', 'address of the legacy database, postgres://…').env(
    SECRET,
  )
}

export function intervalOption(): Option {
  return new Option('--interval <seconds>', 'time between two looks')
    .default(2)
    .argParser((text) => {
      const seconds = Number(text)
      if (seconds >= 0.2 && seconds <= 3600) return seconds
      throw new InvalidArgumentError('Between 0.2 and 3600.')
    })
}

export function countOption(flags: string, does: string, most: number, usual?: number): Option {
  return new Option(flags, does).default(usual).argParser((text) => {
    const count = Number(text)
    if (Number.isInteger(count) && count >= 1 && count <= most) return count
    throw new InvalidArgumentError(`Between 1 and ${most}.`)
  })
}
