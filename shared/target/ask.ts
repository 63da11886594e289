/** Statements of the control plane: what they answer, and their refusals as `FerryError`. */
import { controlFailure } from './control-failure.ts'

type Query = Promise<readonly unknown[]>

/** All rows. @throws FerryError */
export async function askAll<Row>(query: Query): Promise<readonly Row[]> {
  try {
    return (await query) as readonly Row[]
  } catch (error) {
    throw controlFailure(error)
  }
}

/** The first row, of a statement that has one. @throws FerryError */
export async function askOne<Row>(query: Query): Promise<Row> {
  const [row] = await askAll<Row>(query)
  return row as Row
}

/** The column `answer` of the first row. @throws FerryError */
export async function askAnswer<Answer>(query: Query): Promise<Answer> {
  return (await askOne<{ answer: Answer }>(query)).answer
}
