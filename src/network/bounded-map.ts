/**
 * A map that forgets: a cache of what costs a little to find out again. What was set longest ago
 * goes first.
 *
 * Invariant: it never holds more than its size.
 */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #maxSize: number

  constructor(maxSize: number) {
    super()
    this.#maxSize = maxSize
  }

  override set(key: K, value: V): this {
    // Set anew, it is the youngest.
    this.delete(key)
    for (const oldest of this.keys()) {
      if (this.size < this.#maxSize) break
      this.delete(oldest)
    }
    return super.set(key, value)
  }
}
