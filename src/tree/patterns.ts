/**
 * Patterns for names, as the AWS CLI has them: `*` for any text, also with '/' in it, `?` for one
 * character, `[abc]`, `[a-z]` and `[!abc]` for one of a set or none of it. A pattern is for the whole
 * name. There is no escape; `[*]` is a star.
 */

/** A set: `]` may be its first character, and a `!` before it turns it round. */
const TOKEN = /\*+|\?|\[(!?)(\]?[^\]]*)\]|[^*?[]+|\[/gu

/**
 * A pattern → an expression for whole names that takes no more than linear time per star.
 * @returns a sentence instead when it is no pattern
 */
export function compilePattern(pattern: string): RegExp | string {
  if (pattern === '') return 'A pattern is not empty; `*` is for all names.'
  /** What lies between stars, each a pattern of fixed length. */
  const pieces = ['']
  for (const [token, negation, set] of pattern.matchAll(TOKEN)) {
    if (token.startsWith('*')) {
      pieces.push('')
      continue
    }
    const part = set === undefined ? partOf(token) : setOf(negation === '!', set)
    if (part === undefined)
      return `\`${token}\` in it is no set of characters; for \`[\` write \`[[]\`.`
    pieces.push(`${pieces.pop()}${part}`)
  }
  return new RegExp(`^${joinPieces(pieces)}$`, 'su')
}

function partOf(token: string): string | undefined {
  if (token === '[') return undefined
  return token === '?' ? '.' : literal(token)
}

/**
 * Each piece is matched where it is found first and never again further on: with pieces of fixed
 * length no other place could serve better, and looking for one is what makes such patterns slow.
 */
function joinPieces(pieces: readonly string[]): string {
  const [first = '', ...rest] = pieces
  const last = rest.pop()
  if (last === undefined) return first
  const middle = rest.filter((piece) => piece !== '')
  // A lookahead is not gone back into; its group makes it take what it has seen.
  const found = middle.map((piece, index) => `(?=(.*?${piece}))\\${index + 1}`)
  return `${first}${found.join('')}.*${last}`
}

/** @returns `undefined` when a range runs backwards */
function setOf(isNegated: boolean, set: string): string | undefined {
  if (set === '') return undefined
  const characters = [...set]
  let inside = ''
  for (let i = 0; i < characters.length; i += 1) {
    const from = characters[i] ?? ''
    const to = characters[i + 2]
    if (characters[i + 1] !== '-' || to === undefined) {
      inside += literal(from)
      continue
    }
    if ((from.codePointAt(0) ?? 0) > (to.codePointAt(0) ?? 0)) return undefined
    inside += `${literal(from)}-${literal(to)}`
    i += 2
  }
  return `[${isNegated ? '^' : ''}${inside}]`
}

/** Text for an expression with the flag `u`, in a set or outside. */
function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/gu, (character) =>
    character === '-' ? '\\x2d' : `\\${character}`,
  )
}
