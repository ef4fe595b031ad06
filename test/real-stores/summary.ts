/** How a whole run ended, in its last lines and its exit code. */

import { isGood, type Judged, type Verdict } from './judge.ts'

/** What became of a store, or of a migration. */
export interface Ended {
  readonly name: string
  /** Empty when it was skipped. */
  readonly judged: readonly Judged[]
  /** Why it was not run. */
  readonly skipped: string | undefined
}

const VERDICTS: readonly Verdict[] = ['passed', 'deviates', 'failed', 'vanished', 'unknown']

/**
 * A run is good when something ran, nothing ended otherwise than expected, and nothing is missing of
 * what was asked for by name.
 */
export function summaryOf(
  ended: readonly Ended[],
  { asked }: { readonly asked: boolean },
): { readonly text: string; readonly isGood: boolean } {
  const lines = ended.map(({ name, judged, skipped }) =>
    skipped === undefined ? `${name}: ${countsOf(judged)}` : `${name}: SKIPPED, ${skipped}`,
  )
  const ran = ended.filter(({ skipped }) => skipped === undefined)
  const isComplete = asked ? ran.length === ended.length : ran.length > 0
  const isRight = ran.every(({ judged }) => judged.length > 0 && judged.every(isGood))
  return { text: ['', ...lines].join('\n'), isGood: isComplete && isRight }
}

function countsOf(judged: readonly Judged[]): string {
  const counts = VERDICTS.map(
    (verdict) => [verdict, judged.filter((each) => each.verdict === verdict).length] as const,
  )
  const shown = counts.filter(([verdict, count]) => count > 0 || verdict === 'passed')
  return shown.map(([verdict, count]) => `${count} ${verdict}`).join(', ')
}
