/** What stands in an element of a listing, as a value. A SyntaxError for what is none. */

/** Bytes. */
export function readSize(text: string): number {
  const size = /^\d+$/.test(text) ? Number(text) : -1
  if (!Number.isSafeInteger(size) || size < 0) throw new SyntaxError('a size that is none')
  return size
}

/** Epoch milliseconds; `undefined` for what is no time. */
export function readTime(text: string): number | undefined {
  const time = Date.parse(text)
  return Number.isNaN(time) ? undefined : time
}

/** Keys as in a URL, a blank as `+`. Flat and apart from the page, as `XmlBytes` makes them. */
export function fromUrl(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new SyntaxError(`a key that is not encoded as it says, ${JSON.stringify(text)}`)
  }
}
