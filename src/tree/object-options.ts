/**
 * What is said of each object of a tree: the same of all, and something of its own of some. Kept beside the
 * actions and not in them, since these are told and written to reports, and options may hold a key.
 */

import type { TreeAction } from './outcome.ts'

type Options = Readonly<Record<string, unknown>>

export class ObjectOptions {
  /** Said of all. */
  readonly each: Options
  readonly #own = new WeakMap<TreeAction, Options>()

  constructor(each: Options) {
    this.each = each
  }

  /** All that is said of one. */
  of(action: TreeAction): Options {
    const own = this.#own.get(action)
    return own === undefined ? this.each : merged(this.each, own)
  }

  /** Says more of one; what was said before of the same option gives way, metadata name by name. */
  add(action: TreeAction, options: Options): void {
    this.#own.set(action, merged(this.#own.get(action) ?? {}, options))
  }

  /** Says of one what was said of another that it takes the place of. */
  pass(from: TreeAction, to: TreeAction): void {
    const own = this.#own.get(from)
    if (own !== undefined) this.#own.set(to, own)
  }
}

function merged(first: Options, second: Options): Options {
  const both = { ...first, ...second }
  const [before, after] = [first['metadata'], second['metadata']]
  if (before === undefined || after === undefined) return both
  return { ...both, metadata: { ...before, ...after } }
}
