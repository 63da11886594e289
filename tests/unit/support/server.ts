/** The server on which the tests of the test support run. */
export async function plainServer(): Promise<string> {
  return 'postgres://postgres:postgres@127.0.0.1:55991/postgres'
}
