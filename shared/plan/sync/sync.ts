/** How a target is kept in step with its source until the cut-over, as a plan writes it. */
import { z } from 'zod'
import { scheduleSchema } from './schedule.ts'

const columnName = z.string().min(1).max(200)

const strategy = z.enum(['timestamp', 'xmin', 'id', 'hash', 'log']).meta({
  description:
    'How changed rows are found: by a timestamp that every change sets, by the transaction that wrote them, by growing numbers, by comparing rows, or in the log of the source.',
})
const overlap = z.int().min(0).max(86_400).meta({
  description: 'Seconds that a look at changes reaches back behind the last one.',
})
const deletes = z.enum(['delete', 'mark', 'report']).meta({
  description:
    'What becomes of a row that the source has no more: deleted, marked in a column, or only reported.',
})
const invalid = z.enum(['keep', 'delete']).meta({
  description:
    'What becomes of the row in the target when the changed one is refused: kept as it was, or deleted.',
})
const deleteLimit = z
  .strictObject({
    rows: z.int().min(0).default(1000),
    share: z.number().min(0).max(1).default(0.5),
  })
  .meta({
    description:
      'More gone rows than `rows` that are also more than `share` of the entity wait for somebody to allow it.',
  })

const schedule = z
  .strictObject({
    changes: scheduleSchema.default('30 seconds'),
    deletes: scheduleSchema.default('*/15 * * * *'),
    hash: scheduleSchema.default('0 3 * * *'),
  })
  .meta({
    description: 'When sweeps run: "N seconds" or five fields of cron in GMT; null for never.',
  })

const cutover = z
  .strictObject({
    freeze: z
      .union([z.literal('operator'), z.strictObject({ role: z.string().min(1).max(63) })])
      .default('operator')
      .meta({
        description:
          'Who stops writes at the source: the operator, or the cut-over by making a role read-only.',
      }),
    drain: z.enum(['changes', 'hash']).default('changes').meta({
      description: 'The last sweep: changes and deletes, or a comparison of all rows.',
    }),
    verification: z.enum(['full', 'sample']).default('full'),
  })
  .meta({ description: 'How the migration is brought to its end.' })

/** Of the whole plan; entities may say otherwise. */
export const syncSchema = z
  .strictObject({
    strategy: strategy.default('hash'),
    overlap_seconds: overlap.default(300),
    deletes: deletes.default('delete'),
    invalid: invalid.default('keep'),
    delete_limit: deleteLimit.default({ rows: 1000, share: 0.5 }),
    schedule: schedule.default({
      changes: '30 seconds',
      deletes: '*/15 * * * *',
      hash: '0 3 * * *',
    }),
    publication: z.string().min(1).max(63).optional().meta({
      description: 'Publication of the source that the strategy log reads; the operator makes it.',
    }),
    log_limit_bytes: z
      .int()
      .min(1)
      .default(10 * 1024 ** 3)
      .meta({ description: 'Bytes of log that may wait at the source before it is told.' }),
    cutover: cutover.default({ freeze: 'operator', drain: 'changes', verification: 'full' }),
  })
  .meta({ description: 'Keeps the target in step with the source after the copy.' })

export const entitySyncSchema = z
  .strictObject({
    strategy: strategy.optional(),
    column: columnName.optional().meta({
      description: 'Column of the source that timestamp or id watches; of id, the key by itself.',
    }),
    zone: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'Time zone that a timestamp without one is meant in.' }),
    overlap_seconds: overlap.optional(),
    deletes: deletes.optional(),
    mark: columnName.optional().meta({
      description: 'Column of the target that mark writes: a timestamp or a truth value.',
    }),
    invalid: invalid.optional(),
    delete_limit: deleteLimit.optional(),
  })
  .meta({ description: 'How this entity is kept in step, where it differs from the plan.' })

export type PlanSync = z.infer<typeof syncSchema>
export type EntitySync = z.infer<typeof entitySyncSchema>
