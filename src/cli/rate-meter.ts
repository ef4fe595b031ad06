/** Milliseconds over which a rate is averaged. */
const RATE_WINDOW_MS = 5000

/** How fast something grows, over the last seconds. */
export class RateMeter {
  #samples: { readonly at: number; readonly value: number }[] = []

  add(at: number, value: number): void {
    this.#samples.push({ at, value })
    // The newest sample outside of the window stays: the rate reaches back to it.
    while ((this.#samples[1]?.at ?? at) <= at - RATE_WINDOW_MS) this.#samples.shift()
  }

  get perSecond(): number {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (first === undefined || last === undefined || last.at <= first.at) return 0
    return Math.max(0, ((last.value - first.value) / (last.at - first.at)) * 1000)
  }
}
