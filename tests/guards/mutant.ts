/** A guard taken out, and what has to notice. */
export interface Mutant {
  readonly guard: string
  readonly file: string
  readonly find: string
  readonly replace: string
  /** Full names of the tests, as the runner prints them: these and no other. */
  readonly tests: readonly string[]
}
