/**
 * Statistics → Prometheus' text format, by prom-client's registry. One registry for each text: the
 * numbers are kept by the engine, the registry only knows how they are written.
 *
 * Of prom-client that one file is loaded: the whole of it costs 85 ms of CPU, the file 7. It
 * publishes no `exports` map, so the file may be named; the version is pinned.
 */

import { createRequire } from 'node:module'
import type { Metric, Registry as RegistryType, RegistryContentType } from 'prom-client'
import type { Histogram } from '../pool/histogram.ts'
import type { EngineStats } from '../stats.ts'
import { METRICS, type Sample } from './definitions.ts'

const require = createRequire(import.meta.url)

const Registry = require('prom-client/lib/registry.js') as typeof RegistryType

/** What a registry asks a metric for: see `MetricObjectWithValues` of prom-client. */
interface Values {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly aggregator: 'sum'
  readonly values: readonly Value[]
}

interface Value extends Sample<number> {
  readonly metricName?: string
}

/** Media type of the text. */
export const METRICS_TYPE: RegistryContentType = Registry.PROMETHEUS_CONTENT_TYPE

/** All metrics as text. */
export function metricsText(stats: EngineStats): Promise<string> {
  const registry = new Registry()
  for (const [name, definition] of Object.entries(METRICS)) {
    const { help, type } = definition
    const values =
      definition.type === 'histogram'
        ? definition.read(stats).flatMap((sample) => histogramValues(name, sample))
        : definition.read(stats)
    const found: Values = { name, help, type, aggregator: 'sum', values }
    // prom-client's own histograms cannot take buckets that were counted elsewhere.
    const metric = { name, get: () => Promise.resolve(found) }
    registry.registerMetric(metric as unknown as Metric)
  }
  return registry.metrics()
}

/** Buckets in seconds, each with all that lie below it, then all values, their sum and number. */
function histogramValues(name: string, { labels, value }: Sample<Histogram>): Value[] {
  const bucket = (le: string | number, count: number): Value => ({
    metricName: `${name}_bucket`,
    labels: { ...labels, le },
    value: count,
  })
  return [
    ...value.buckets.map(({ le, count }) => bucket(le / 1000, count)),
    bucket('+Inf', value.count),
    { metricName: `${name}_sum`, labels, value: value.sum / 1000 },
    { metricName: `${name}_count`, labels, value: value.count },
  ]
}
