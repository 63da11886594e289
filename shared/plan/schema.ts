/** What is to be moved. The one description of a plan: validation and editors' JSON Schema alike. */
import { z } from 'zod'
import { filterSchema } from './filter.ts'
import { entityMapping, idStrategySchema, refusalsSchema } from './mapping/entity-mapping.ts'
import { parseTableName } from './names.ts'
import { type Problem, planPath } from './problem.ts'
import { ruleSchema } from './rule.ts'
import { entitySyncSchema, syncSchema } from './sync/sync.ts'
import { verificationSchema } from './verification.ts'

const tableName = z
  .string()
  .min(1)
  .max(300)
  .refine((text) => parseTableName(text) !== undefined, {
    message: 'expected a table as schema.table; a part with a dot or quote goes in double quotes',
  })
const qualifiedName = tableName.refine((text) => parseTableName(text)?.schema !== null, {
  message: 'expected the schema too: schema.table',
})
const plainName = z.string().min(1).max(200)
const globs = z.array(z.string().min(1).max(300)).max(1000)

const entity = z.strictObject({
  source: qualifiedName.meta({ description: 'Table at the source, as schema.table.' }),
  target: qualifiedName
    .optional()
    .meta({ description: 'Table in the target; renames apply where it is left out.' }),
  ...entityMapping(qualifiedName),
  filter: filterSchema
    .optional()
    .meta({ description: 'Rows to copy; all of them where it is left out.' }),
  rules: z.array(ruleSchema).max(100).optional().meta({
    description: 'What must hold of the rows: in the target, or before they are brought there.',
  }),
  sync: entitySyncSchema.optional(),
})

export const planSchema = z
  .strictObject({
    $schema: z.string().optional(),
    version: z.literal(1),
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$/, 'expected up to 100 letters, digits, " ._-"'),
    source: z.strictObject({
      secret: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'expected the name of a secret, never an address')
        .refine((name) => !/^supabase_/i.test(name), {
          message: 'names that begin with SUPABASE_ belong to the platform',
        })
        .meta({ description: 'Name of the function secret or Vault secret with the address.' }),
      schemas: z.array(plainName).min(1).max(100).default(['public']),
      system: z
        .string()
        .regex(
          /^[a-z0-9][a-z0-9._-]{0,62}$/,
          'expected up to 63 of a-z, 0-9, ".", "_" and "-", a letter or digit first',
        )
        .optional()
        .meta({
          description:
            'Name of the source system: UUIDs are named within it, by every plan that reads it.',
        }),
    }),
    ids: idStrategySchema.exclude(['lookup']).optional().meta({
      description:
        'uuid: every table with a whole number as its key gets UUIDs. preserve (default): none does unless its entity says so.',
    }),
    entities: z.union([
      z.literal('*'),
      z
        .array(z.union([qualifiedName, entity]))
        .min(1)
        .max(10_000),
    ]),
    include: globs.optional(),
    exclude: globs.optional(),
    rename: z
      .strictObject({
        schemas: z.record(plainName, plainName).default({}),
        tables: z.record(qualifiedName, tableName).default({}),
      })
      .default({ schemas: {}, tables: {} }),
    settings: z
      .strictObject({
        lanes: z.int().min(1).max(8).default(4),
        batch_rows: z.int().min(1).max(500_000).default(2000),
        refusals: refusalsSchema.optional(),
      })
      .default({ lanes: 4, batch_rows: 2000 }),
    verification: verificationSchema(qualifiedName),
    sync: syncSchema.optional(),
  })
  .meta({ title: 'Supaferry plan', description: 'What is moved from a source into a project.' })

export type Plan = z.infer<typeof planSchema>
export type PlanEntity = Exclude<Plan['entities'], '*'>[number]
/** An entity that says more than its name. */
export type WrittenEntity = z.infer<typeof entity>

export type ParsedPlan =
  | { readonly plan: Plan; readonly problems: readonly [] }
  | { readonly plan?: never; readonly problems: readonly Problem[] }

/** Validates a plan that was parsed from JSON; every problem comes with its path. */
export function parsePlan(json: unknown): ParsedPlan {
  const hidden = prototypeKeys(json, [])
  const result = planSchema.safeParse(json)
  if (result.success && hidden.length === 0) return { plan: result.data, problems: [] }
  const issues = result.success ? [] : result.error.issues
  const problems = [...hidden, ...issues.flatMap((issue) => toProblems(issue, []))]
  // A value that breaks several rules of one kind is one thing to correct.
  const first = new Map(problems.toReversed().map((each) => [`${each.code} ${each.path}`, each]))
  return { problems: problems.filter((each) => first.get(`${each.code} ${each.path}`) === each) }
}

/** JSON Schema of a plan as it is written, for editors (`$schema`). */
export function planJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(planSchema, { io: 'input' })
}

type Issue = z.core.$ZodIssue

function toProblems(issue: Issue, above: readonly PropertyKey[]): Problem[] {
  const parts = [...above, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      code: 'plan_key_unknown',
      message: 'A plan has no such key here.',
      hint: 'Remove it or correct its spelling.',
      path: planPath([...parts, key]),
    }))
  }
  if (issue.code === 'invalid_union') {
    const branch = nearestBranch(issue.errors)
    if (branch !== undefined) return branch.flatMap((inner) => toProblems(inner, parts))
  }
  if (issue.code === 'invalid_key') {
    return issue.issues.map((inner) => ({ ...described(inner), path: planPath(parts) }))
  }
  return [{ ...described(issue), path: planPath(parts) }]
}

/** The branch of a union that was meant: the one whose own type fits and only its contents do not. */
function nearestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const fitting = branches.filter((branch) =>
    branch.every((issue) => issue.path.length > 0 || !isTypeMismatch(issue)),
  )
  return fitting[0]
}

function isTypeMismatch(issue: Issue): boolean {
  return issue.code === 'invalid_type' || issue.code === 'invalid_value'
}

function described(issue: Issue): Omit<Problem, 'path'> {
  if (issue.code === 'invalid_type' && issue.input === undefined && missing.test(issue.message)) {
    return { code: 'plan_key_missing', message: 'A key is missing.', hint: expected(issue) }
  }
  if (issue.code === 'invalid_union') {
    return {
      code: 'plan_value_invalid',
      message: 'The value has none of the forms that are possible here.',
      hint: 'entities is "*" or a list of "schema.table" and { "source", "target", "columns", … }; see the plan reference for expressions, filters and rules.',
    }
  }
  return {
    code: 'plan_value_invalid',
    message: `The value does not fit: ${issue.message}.`,
    hint: expected(issue),
  }
}

const missing = /received undefined$/

function expected(issue: Issue): string {
  return issue.code === 'invalid_type'
    ? `Give it ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}.`
    : 'See the plan reference for what belongs here.'
}

/** `__proto__` as a key of JSON is dropped by most readers in silence: refuse it by its path. */
function prototypeKeys(value: unknown, at: readonly PropertyKey[]): Problem[] {
  if (typeof value !== 'object' || value === null || at.length > 20) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const path = [...at, Array.isArray(value) ? Number(key) : key]
    if (key !== '__proto__') return prototypeKeys(inner, path)
    return [
      {
        code: 'plan_key_unknown',
        message: 'A plan has no such key here.',
        hint: 'Remove it.',
        path: planPath(path),
      },
    ]
  })
}
