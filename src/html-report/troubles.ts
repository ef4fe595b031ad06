/** What failed, what was left out, and what was tried again. */

import { markup, section, type Markup } from './markup.ts'
import type { FailureExample, FailureGroup, SkipGroup } from './outcome-tally.ts'
import type { RunSummary } from './run-summary.ts'
import { countTable, formatCount, table } from './table.ts'

export function troubles({ tally, timeline }: RunSummary): Markup | undefined {
  const { failures, skipped } = tally
  const retries = Object.entries(timeline.stats?.retries.byCode ?? {})
  if (failures.length + skipped.length + retries.length === 0) return undefined
  return section('Failures, retries and what was skipped', [
    ...failures.map(failureGroup),
    countTable('Requests that failed and were made again', 'code', retries),
    ...skipped.map(skipGroup),
  ])
}

function failureGroup({ code, hint, count, examples }: FailureGroup): Markup {
  const rows = table<FailureExample>({
    caption: examples.length < count ? `The first ${examples.length}` : 'All of them',
    columns: [
      { title: 'key', cell: ({ key }) => key, kind: 'name' },
      { title: 'operation', cell: ({ operation }) => operation },
      { title: 'message', cell: ({ message }) => message },
      { title: 'answer', cell: ({ answer }) => answer },
      { title: 'request id', cell: ({ requestId }) => requestId, kind: 'name' },
      { title: 'attempt', cell: ({ attempt }) => attempt, kind: 'number' },
    ],
    rows: examples,
  })
  return markup`<h3>${code}: ${formatCount(count)} failed</h3>
<p>${hint}</p>
${examples.length > 0 ? rows : undefined}`
}

function skipGroup({ reason, isFailure, count, examples }: SkipGroup): Markup {
  const note = isFailure ? 'These should have been moved.' : 'These were left out.'
  const rows = table<SkipGroup['examples'][number]>({
    caption: examples.length < count ? `The first ${examples.length}` : 'All of them',
    columns: [
      { title: 'name', cell: ({ name }) => name, kind: 'name' },
      { title: 'detail', cell: ({ detail }) => detail },
    ],
    rows: examples,
  })
  return markup`<h3>${reason}: ${formatCount(count)} skipped</h3>
<p>${note}</p>
${rows}`
}
