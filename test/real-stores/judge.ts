/** Outcomes against what was expected of a store. */

import type { Deviation } from './expected.ts'

/** How a case ended. */
export interface CaseOutcome {
  readonly id: string
  /** Why it failed; `undefined` when it passed. */
  readonly error: string | undefined
}

/**
 * `deviates`: it failed and was expected to; `failed`: it was not; `vanished`: it passed and was
 * expected to fail; `unknown`: something is expected of a case that does not exist.
 */
export type Verdict = 'passed' | 'deviates' | 'failed' | 'vanished' | 'unknown'

export interface Judged {
  readonly id: string
  readonly verdict: Verdict
  /** What is expected, or why it failed. */
  readonly detail: string | undefined
}

/** Verdicts a run may have and still be good. */
const GOOD: readonly Verdict[] = ['passed', 'deviates']

export function isGood({ verdict }: Judged): boolean {
  return GOOD.includes(verdict)
}

/** One verdict for each outcome, in their order, and for each expectation that has none. */
export function judge(
  outcomes: readonly CaseOutcome[],
  expected: readonly Deviation[],
): readonly Judged[] {
  const groups = new Map(expected.flatMap((group) => group.cases.map((id) => [id, group] as const)))
  const judged = outcomes.map(({ id, error }): Judged => {
    const { reason, sometimes = false } = groups.get(id) ?? {}
    groups.delete(id)
    if (error === undefined) {
      const isRight = reason === undefined || sometimes
      return { id, verdict: isRight ? 'passed' : 'vanished', detail: reason }
    }
    return reason === undefined
      ? { id, verdict: 'failed', detail: error }
      : { id, verdict: 'deviates', detail: reason }
  })
  const unknown = [...groups].map(
    ([id, { reason: detail }]) => ({ id, verdict: 'unknown', detail }) as const,
  )
  return [...judged, ...unknown]
}
