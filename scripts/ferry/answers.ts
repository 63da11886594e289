/** What the functions `plan` and `control` answer about plans and refused rows, and dead letters of `status`. */
import { z } from 'zod'
import { DeadLetterCount, Steered } from './report.ts'

const FindingOfPlan = z.object({
  severity: z.enum(['problem', 'note']),
  code: z.string(),
  message: z.string(),
  hint: z.string(),
  path: z.string().optional(),
})

export const Checked = z.looseObject({ findings: z.array(FindingOfPlan), entities: z.number() })

const texts = z.record(z.string(), z.string().nullable())

const PreviewedRow = z.looseObject({
  key: z.string(),
  outcome: z.enum(['loaded', 'refused', 'left_out', 'depends']),
  reason: z
    .looseObject({
      code: z.string(),
      rule: z.string().optional(),
      columns: z.array(z.string()),
      /** The parent that has to be moved first. */
      until: z.string().optional(),
    })
    .optional(),
  before: texts.optional(),
  after: texts.optional(),
})

export const Previewed = z.looseObject({
  entity: z.string(),
  rows: z.array(PreviewedRow),
  /** Parents of which no row is there yet. */
  not_moved: z.array(z.string()),
})

const DeadLetter = z.looseObject({
  id: z.guid(),
  entity_name: z.string(),
  source_key: z.string(),
  error_code: z.string(),
  sqlstate: z.string().nullable(),
  rule: z.string().nullable(),
  constraint_name: z.string().nullable(),
  columns: z.array(z.string()).nullable(),
  is_resolved: z.boolean(),
  resolution: z.string().nullable(),
  resolution_notes: z.string().nullable(),
})

export const DeadLetters = z.looseObject({
  summary: z.array(DeadLetterCount),
  dead_letters: z.array(DeadLetter),
  /** Where there may be more: the id to go on behind. */
  next: z.string().nullable(),
})

export const Resolved = Steered.extend({ resolved: z.number() })

export type Finding = z.infer<typeof FindingOfPlan>
export type Checked = z.infer<typeof Checked>
export type Previewed = z.infer<typeof Previewed>
export type PreviewedRow = z.infer<typeof PreviewedRow>
export type DeadLetters = z.infer<typeof DeadLetters>
export type DeadLetter = z.infer<typeof DeadLetter>
export type Resolved = z.infer<typeof Resolved>

/** Which dead letters are meant. */
export interface Choice {
  readonly entity?: string
  readonly code?: string
  readonly keys?: readonly string[]
}

export interface DeadLetterQuestion extends Omit<Choice, 'keys'> {
  readonly state: 'unresolved' | 'all'
  readonly limit: number
  readonly after?: string
}
