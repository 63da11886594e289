/** Formats of times as regular expressions, and how what they find is written in ISO 8601. */

export interface TimeFormat {
  /** Of a whole text. */
  readonly pattern: string
  /** Replacement with the groups of the pattern. */
  readonly iso: string
  readonly hasOffset: boolean
}

interface RefusedFormat {
  readonly refused: string
  readonly hint: string
}

type To = 'date' | 'time' | 'timestamp' | 'timestamptz'

const digits: Readonly<Record<string, string>> = {
  YYYY: '[0-9]{4}',
  MM: '[0-9]{2}',
  DD: '[0-9]{2}',
  HH24: '[0-9]{2}',
  MI: '[0-9]{2}',
  SS: '[0-9]{2}',
  MS: '[0-9]{3}',
  US: '[0-9]{6}',
  'TZH:TZM': '[+-][0-9]{2}:[0-9]{2}|Z',
  TZHTZM: '[+-][0-9]{4}|Z',
  TZH: '[+-][0-9]{2}|Z',
}
const shorter = new Set(['MM', 'DD', 'HH24'])
const known = 'YYYY MM DD HH24 MI SS MS US TZH:TZM'
/** Letters between the fields go in double quotes; the T of ISO 8601 need not. */
const piece = /YYYY|MM|DD|HH24|MI|SS|MS|US|TZH:TZM|TZHTZM|TZH|"([^"]+)"|(T|[^A-Za-z0-9"])/y

interface Piece {
  readonly field?: string
  readonly literal?: string
}

export function parseTimeFormat(format: string, to: To): TimeFormat | RefusedFormat {
  const pieces = readPieces(format)
  if (pieces === undefined) {
    return refuse(
      'The format holds something that is no field.',
      `Fields are ${known}; letters between them go in double quotes.`,
    )
  }
  const fields = pieces.flatMap(({ field }) => field ?? [])
  const wrong = wrongFields(fields, to)
  if (wrong !== undefined) return wrong
  const group = (name: string) => `\\${fields.indexOf(name) + 1}`
  const has = (name: string) => fields.includes(name)
  const offset = fields.find((field) => field.startsWith('TZ'))
  const fraction = fields.find((field) => field === 'MS' || field === 'US')
  const date = ['YYYY', 'MM', 'DD'].map(group).join('-')
  const clock = ['HH24', 'MI', 'SS'].map((each) => (has(each) ? group(each) : '00')).join(':')
  const time = `${clock}${fraction === undefined ? '' : `.${group(fraction)}`}`
  const parts = { date, time, timestamp: `${date} ${time}`, timestamptz: `${date} ${time}` }
  return {
    pattern: `^${pieces.map((each, at) => patternOf(each, pieces[at - 1], pieces[at + 1])).join('')}$`,
    iso: `${parts[to]}${offset === undefined ? '' : group(offset)}`,
    hasOffset: offset !== undefined,
  }
}

function readPieces(format: string): Piece[] | undefined {
  const pieces: Piece[] = []
  let at = 0
  while (at < format.length) {
    piece.lastIndex = at
    const match = piece.exec(format)
    if (match === null) return undefined
    const literal = match[1] ?? match[2]
    pieces.push(literal === undefined ? { field: match[0] } : { literal })
    at = piece.lastIndex
  }
  return pieces
}

/** A month of one digit can be told only where something else stands on both sides. */
function patternOf({ field, literal }: Piece, before?: Piece, after?: Piece): string {
  if (literal !== undefined) return escapePattern(literal)
  const isAlone = before?.field === undefined && after?.field === undefined
  return isAlone && shorter.has(field!) ? '([0-9]{1,2})' : `(${digits[field!]})`
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

function wrongFields(fields: readonly string[], to: To): RefusedFormat | undefined {
  const has = (name: string) => fields.includes(name)
  const twice = fields.find((field, at) => fields.indexOf(field) !== at)
  if (twice !== undefined) return refuse(`The format has ${twice} twice.`, 'Name it once.')
  if (fields.filter((field) => field.startsWith('TZ')).length > 1 || (has('MS') && has('US'))) {
    return refuse('The format has two fields for one thing.', 'Name one of them.')
  }
  const dates = ['YYYY', 'MM', 'DD']
  const clock = ['HH24', 'MI', 'SS', 'MS', 'US']
  const needed = { date: dates, time: ['HH24', 'MI'], timestamp: dates, timestamptz: dates }[to]
  const lacking = needed.filter((field) => !has(field))
  if (lacking.length > 0) {
    return refuse(`The format lacks ${lacking.join(' and ')}.`, `A ${to} is made of them.`)
  }
  const [offsets, others] = [
    fields.filter((field) => field.startsWith('TZ')),
    ({ date: clock, time: dates, timestamp: [], timestamptz: [] } as Record<To, string[]>)[to],
  ]
  const dropped = [
    ...fields.filter((field) => others.includes(field)),
    ...(to === 'timestamptz' ? [] : offsets),
  ]
  if (dropped.length > 0) {
    return refuse(
      `A ${to} has no place for ${dropped.join(' and ')}.`,
      'Parse to a type that holds all of it, and cast that.',
    )
  }
  // Each is a part of the one before.
  const gap = [
    ['MI', 'HH24'],
    ['SS', 'MI'],
    ['MS', 'SS'],
    ['US', 'SS'],
  ].find(([field, whole]) => has(field!) && !has(whole!))
  return gap && refuse(`The format has ${gap[0]} without ${gap[1]}.`, 'Add it.')
}

function refuse(refused: string, hint: string): RefusedFormat {
  return { refused, hint }
}
