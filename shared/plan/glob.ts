/** Patterns of a plan's include and exclude lists: `*` any run of characters, `?` one. */

/** Matches in time proportional to pattern × text at worst, whatever the pattern. */
export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0
  let star = -1
  let resume = 0
  let position = 0
  while (position < text.length) {
    if (at < pattern.length && pattern[at] === '*') {
      star = at
      resume = position
      at += 1
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[position])) {
      at += 1
      position += 1
    } else if (star >= 0) {
      at = star + 1
      resume += 1
      position = resume
    } else {
      return false
    }
  }
  while (pattern[at] === '*') at += 1
  return at === pattern.length
}
