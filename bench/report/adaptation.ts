/** The simulated runs as a section of the report: a table, and a plot of each. Pure. */

import type { RunRecord } from '../simulation/record.ts'
import { tableLines } from './markdown.ts'
import { adaptationFile, describeRun, percent } from './plots/adaptation.ts'

/** @param plots where the plots are, relative to the report */
export function renderAdaptationSection(runs: readonly RunRecord[], plots: string): string {
  const rows = runs.map(({ title, warmUps, reached, refused, fairness }) => [
    title,
    warmUps.map(([from, to]) => `${from} – ${to} s`).join(', '),
    percent(reached, 1),
    refused === undefined ? '' : percent(refused, 2),
    fairness === undefined ? '' : fairness.toFixed(3),
  ])
  const heads = ['', 'left out as warm-up', 'of what is achievable', 'refused', 'Jain index']
  return [
    '### Adaptation, simulated',
    'The code that limits requests in flight, on simulated stores and a clock of their own: no ' +
      'machine has a part in it, and it is the same every time. What is achievable follows from the ' +
      'scenario: the least of the line, the throttle, and what 256 requests at a time could move. ' +
      'The scenarios stand in [bench/simulation/scenarios.ts](bench/simulation/scenarios.ts). To ' +
      'repeat it: `npm run bench:simulate`.',
    tableLines(heads, rows, 2).join('\n'),
    ...runs.map((run) => `![${run.title}: ${describeRun(run)}](${plots}/${adaptationFile(run)})`),
  ].join('\n\n')
}
