import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { withMetricsTable } from '../../helpers/metrics-docs.ts'

const METRICS_MD = fileURLToPath(new URL('../../../METRICS.md', import.meta.url))

it('METRICS.md lists exactly the metrics there are (UPDATE_DOCS=1 rewrites it)', () => {
  const before = readFileSync(METRICS_MD, 'utf8')
  const after = withMetricsTable(before)
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(METRICS_MD, after)
  else expect(after).toBe(before)
})
