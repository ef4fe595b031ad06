/**
 * Guesses which key a listing will have reached some pages further on, from the page it has. Only a
 * guess: where the key space is cut has no influence on what is listed, only on how evenly.
 *
 * The keys of a page are read as numbers, whose digits are the characters seen where they differ, and
 * the distance from the first to the last is added to the last. Thus nothing is assumed about the
 * alphabet: digits, hex, dates and words each give their own.
 */

/** Characters that take part. Source: none; a page of 1,000 keys tells some three digits. */
const WINDOW = 6

/** Keys looked at for the alphabet. Source: none; a digit that is missing costs evenness only. */
const SAMPLES = 32

/** So that distances times pages are whole numbers. */
const VALUE_MAX = 2 ** 45

/** Longest key. Bytes of UTF-8. Source: S3 User Guide, "Naming Amazon S3 objects". */
const KEY_BYTES_MAX = 1024

export class KeyRuler {
  readonly #last: readonly string[]
  readonly #prefixLength: number
  readonly #depth: number
  readonly #alphabet: readonly string[]
  readonly #width: number
  readonly #value: number
  readonly #step: number

  /** @param keys those of a page, ascending and more than one, below the prefix */
  constructor(keys: readonly string[], prefix: string) {
    // In whole characters, which are in the order of their bytes.
    const first = [...(keys[0] as string)]
    this.#last = [...(keys.at(-1) as string)]
    this.#prefixLength = [...prefix].length
    this.#depth = commonLength(first, this.#last)
    this.#alphabet = alphabetOf(keys, this.#depth)
    this.#width = widthOf(this.#alphabet.length)
    this.#value = this.#valueOf(this.#last)
    this.#step = Math.max(1, this.#value - this.#valueOf(first))
  }

  /**
   * A text behind the last key, about that many pages further on, which need not be a key.
   * `undefined` where there is none below the prefix.
   */
  ahead(pages: number): string | undefined {
    const space = this.#alphabet.length ** this.#width
    const value = this.#value + Math.round(this.#step * pages)
    const rest = this.#digitsOf(value % space)
    const carry = Math.floor(value / space)
    const head = this.#last.slice(0, this.#depth)
    const ahead = carry === 0 ? [...head, ...rest] : this.#carried(head, carry, rest)
    const text = ahead?.join('')
    return text === undefined || Buffer.byteLength(text) > KEY_BYTES_MAX ? undefined : text
  }

  /** What does not fit into the window counts one character further left, or further still. */
  #carried(
    head: readonly string[],
    carry: number,
    rest: readonly string[],
  ): readonly string[] | undefined {
    let steps = carry
    for (let at = head.length - 1; at >= this.#prefixLength; at -= 1) {
      const above = this.#alphabet.findIndex((each) => isAbove(each, head[at] as string))
      const character = above === -1 ? undefined : this.#alphabet[above + steps - 1]
      if (character !== undefined) {
        return [...head.slice(0, at), character, ...(at === head.length - 1 ? rest : [])]
      }
      steps = 1
    }
    return undefined
  }

  #valueOf(key: readonly string[]): number {
    let value = 0
    for (let at = this.#depth; at < this.#depth + this.#width; at += 1) {
      const character = key[at] ?? ''
      const above = this.#alphabet.findIndex((each) => isAbove(each, character))
      const digit = character === '' ? 0 : (above === -1 ? this.#alphabet.length : above) - 1
      value = value * this.#alphabet.length + Math.max(0, digit)
    }
    return value
  }

  #digitsOf(value: number): readonly string[] {
    const digits: string[] = []
    let left = value
    for (let at = 0; at < this.#width; at += 1) {
      digits.unshift(this.#alphabet[left % this.#alphabet.length] as string)
      left = Math.floor(left / this.#alphabet.length)
    }
    return digits
  }
}

function commonLength(a: readonly string[], b: readonly string[]): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length += 1
  return length
}

/** The characters in the window, ascending. */
function alphabetOf(keys: readonly string[], depth: number): readonly string[] {
  const seen = new Set<string>()
  const samples = Math.min(SAMPLES, keys.length)
  for (let sample = 0; sample < samples; sample += 1) {
    const index = Math.round((sample * (keys.length - 1)) / Math.max(1, samples - 1))
    const key = [...(keys[index] as string)]
    for (let at = depth; at < depth + WINDOW && at < key.length; at += 1)
      seen.add(key[at] as string)
  }
  return [...seen].sort((a, b) => codeOf(a) - codeOf(b))
}

function widthOf(radix: number): number {
  let width = 1
  while (width < WINDOW && radix ** (width + 1) <= VALUE_MAX) width += 1
  return width
}

function isAbove(a: string, b: string): boolean {
  return codeOf(a) > codeOf(b)
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0
}
