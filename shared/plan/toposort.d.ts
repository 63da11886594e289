declare module 'toposort' {
  interface Toposort {
    (edges: readonly (readonly [string, string])[]): string[]
    /** Nodes without edges included. Throws where the edges form a cycle. */
    array(nodes: readonly string[], edges: readonly (readonly [string, string])[]): string[]
  }
  const toposort: Toposort
  export default toposort
}
