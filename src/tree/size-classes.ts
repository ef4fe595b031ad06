/**
 * Items in classes of sizes that double, each in the order in which they came: the oldest and one of the
 * largest are found by a look at the first of each class, and items alike stay in their order.
 */

interface Node<T> {
  readonly item: T
  /** Position among all that came. */
  readonly position: number
  next: Node<T> | undefined
}

interface Class<T> {
  first: Node<T> | undefined
  last: Node<T> | undefined
}

export class SizeClasses<T extends { readonly size: number }> {
  readonly #smallMax: number
  readonly #classes: Class<T>[] = []
  #count = 0
  #position = 0

  /** @param smallMax bytes up to which size makes no difference */
  constructor(smallMax: number) {
    this.#smallMax = smallMax
  }

  get length(): number {
    return this.#count
  }

  add(item: T): void {
    const index = classOf(item.size, this.#smallMax)
    while (this.#classes.length <= index) this.#classes.push({ first: undefined, last: undefined })
    const list = this.#classes[index] as Class<T>
    const node = { item, position: this.#position, next: undefined }
    if (list.last === undefined) list.first = node
    else list.last.next = node
    list.last = node
    this.#position += 1
    this.#count += 1
  }

  /** The first that came, of all or of the small ones. */
  takeOldest(isSmall = false): T | undefined {
    let oldest: Class<T> | undefined
    for (const list of isSmall ? this.#classes.slice(0, 1) : this.#classes) {
      const position = list.first?.position ?? Infinity
      if (position < (oldest?.first?.position ?? Infinity)) oldest = list
    }
    return this.#takeFrom(oldest)
  }

  /** The first that came of the largest class there is. */
  takeLargest(): T | undefined {
    return this.#takeFrom(this.#classes.findLast(({ first }) => first !== undefined))
  }

  #takeFrom(list: Class<T> | undefined): T | undefined {
    const node = list?.first
    if (list === undefined || node === undefined) return undefined
    list.first = node.next
    if (node.next === undefined) list.last = undefined
    this.#count -= 1
    return node.item
  }
}

/** 0 for what is small. */
function classOf(size: number, smallMax: number): number {
  return size <= smallMax ? 0 : 1 + Math.floor(Math.log2(size / smallMax))
}
