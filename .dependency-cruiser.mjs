/**
 * The architecture as rules. Dependencies point one way:
 *
 *   supabase/functions, scripts  →  shared/batch, shared/start  →  verification
 *   →  plan, source, target, schema
 *   →  projection, wire  →  platform
 *
 * The projection is the language of the stages (pure text from a compiled entity), the wire their
 * connections. Beyond these, a stage knows no other stage; what they share is a value, handed over by
 * whoever calls both. Plan and schema read the catalog in the shape that the source gives it, and
 * report in one row shape; what a mapping makes of a table is a row shape, too, and depends on what the
 * target has. Tests are free.
 */
const stages = {
  projection: [],
  wire: [],
  source: ['projection/', 'wire/'],
  target: ['projection/', 'wire/'],
  schema: ['projection/', 'source/catalog-rows', 'plan/problem', 'plan/mapping/shape'],
  plan: ['projection/', 'source/catalog-rows', 'schema/target-state', 'schema/type-names'],
  // Looks at both sides with what the other stages know about them.
  verification: ['projection/', 'source/', 'schema/', 'plan/'],
}

const stageRules = Object.entries(stages).map(([stage, allowed]) => ({
  name: `stage-${stage}`,
  comment: 'Stages do not import each other: the caller hands the value over.',
  severity: 'error',
  from: { path: `^shared/${stage}/` },
  to: { path: `^shared/(?!${[`${stage}/`, 'platform/', ...allowed].join('|')})` },
}))

export default {
  forbidden: [
    ...stageRules,
    {
      name: 'no-circle',
      comment: 'A circle has no first file to read.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'not-resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^npm:' },
    },
    {
      name: 'shared-stands-alone',
      comment: 'shared/ runs in Deno and Node and knows nobody above it.',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: '^(supabase|scripts|tests|examples)/' },
    },
    {
      name: 'platform-is-the-ground',
      severity: 'error',
      from: { path: '^shared/platform/' },
      to: { path: '^shared/(?!platform/)' },
    },
    {
      name: 'two-stories',
      comment: 'Starting and processing meet in the database only.',
      severity: 'error',
      from: { path: '^shared/(batch|start)/' },
      to: { path: '^shared/(batch|start)/', pathNot: '^shared/$1/' },
    },
    {
      name: 'batch-is-driven-by-functions',
      comment: 'Only process-batch runs batches; the other functions and the command line ask SQL.',
      severity: 'error',
      from: { path: '^(scripts/|supabase/functions/(?!process-batch/))' },
      to: { path: '^shared/batch/' },
    },
    {
      name: 'functions-stand-alone',
      comment: 'What is uploaded is a function, _shared and shared/; never another function.',
      severity: 'error',
      from: { path: '^supabase/functions/([^/]+)/' },
      to: { path: '^(scripts|tests|supabase/functions/(?!$1/|_shared/))' },
    },
    {
      name: 'product-without-tests',
      severity: 'error',
      // The mutants are a list that the tests own.
      from: { path: '^(shared|scripts|supabase)/', pathNot: '^scripts/mutants.ts$' },
      to: { path: '^tests/' },
    },
    {
      name: 'neutral-built-ins',
      comment: 'Only built-ins that Node, Deno and the hosted platform share.',
      severity: 'error',
      // A failpoint ends the process as a kill would, and the wire is sockets.
      from: { path: '^shared/', pathNot: '^shared/(platform/failpoint|wire/)' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(stream|buffer|crypto)(/|$)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
    moduleSystems: ['es6'],
  },
}
