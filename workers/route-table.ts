/**
 * Routes by their JSON: parsed once per thread and change, so that all jobs of a route share one
 * object, and what is derived from it can be kept.
 */

import type { StoreRoute } from '../src/store/types.ts'

/** Routes remembered: those in use, and a few whose credentials or clock have changed since. */
const ROUTES_MAX = 64

export class RouteTable {
  readonly #routes = new Map<string, StoreRoute>()

  find(text: string | undefined): StoreRoute | undefined {
    if (text === undefined) return undefined
    const known = this.#routes.get(text)
    if (known !== undefined) return known
    const route = JSON.parse(text) as StoreRoute
    // Keys that were replaced are of no use to anybody.
    if (this.#routes.size >= ROUTES_MAX) this.#routes.clear()
    this.#routes.set(text, route)
    return route
  }
}
