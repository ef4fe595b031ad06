/**
 * The order S3 lists keys in: that of their bytes in UTF-8. JavaScript compares halves of characters
 * instead, which puts U+E000 to U+FFFF behind everything above.
 */

const SURROGATES = 0xd800
const BEHIND_SURROGATES = 0xe000

/** Negative, zero or positive, as `sort` takes it. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at += 1) {
    const x = a.charCodeAt(at)
    const y = b.charCodeAt(at)
    if (x !== y) return x >= SURROGATES && y >= SURROGATES ? rank(x) - rank(y) : x - y
  }
  return a.length - b.length
}

/** Halves of characters stand for what is above U+FFFF. */
function rank(unit: number): number {
  return unit < BEHIND_SURROGATES ? unit + 0x10000 : unit
}
