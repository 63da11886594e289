/** Parents before children, along foreign keys. */
import toposort from 'toposort'

export interface Dependency {
  /** Must come after `on`. */
  readonly node: string
  readonly on: string
  /** Where a cycle has to be broken, the weaker are cut first: true or a greater number. */
  readonly weak: boolean | number
}

export interface Ordered {
  readonly order: readonly string[]
  /** Dependencies that the order does not keep, because they close a cycle. */
  readonly broken: readonly Dependency[]
}

/**
 * The same order for the same input, however it was listed. A node's dependency on itself says
 * nothing about order and is left out.
 */
export function dependencyOrder(
  nodes: readonly string[],
  dependencies: readonly Dependency[],
): Ordered {
  const known = new Set(nodes)
  const edges = dependencies
    .filter(({ node, on }) => node !== on && known.has(node) && known.has(on))
    .toSorted(
      (a, b) => Number(a.weak) - Number(b.weak) || compare(a.node, b.node) || compare(a.on, b.on),
    )
  const sorted = [...known].sort(compare)
  const kept = new Map<string, string[]>(sorted.map((node) => [node, []]))
  const broken: Dependency[] = []
  // Strong edges are kept first, so that what closes a cycle is a weak one wherever there is one.
  for (const edge of edges) {
    if (reaches(kept, edge.on, edge.node)) broken.push(edge)
    else kept.get(edge.node)?.push(edge.on)
  }
  const pairs = [...kept].flatMap(([node, ons]) => ons.map((on): [string, string] => [on, node]))
  return { order: toposort.array(sorted, pairs), broken }
}

/** Whether a way along the edges of a graph leads from a node to another; a node reaches itself. */
export function reaches(
  graph: ReadonlyMap<string, readonly string[]>,
  from: string,
  to: string,
): boolean {
  const seen = new Set<string>()
  const open = [from]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node === to) return true
    if (seen.has(node)) continue
    seen.add(node)
    open.push(...(graph.get(node) ?? []))
  }
  return false
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
