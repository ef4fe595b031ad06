/**
 * The figures of a demo, as tables and as data.
 */

import { formatSize, MiB } from '../../units.ts'
import { renderTable, type Column } from '../table.ts'
import type { Measurement } from './measure.ts'

/** What a demo found out. */
export interface DemoResult {
  readonly size: number
  readonly sha256: { readonly source: string; readonly copy: string }
  readonly equal: boolean
  /** Highest resident memory of the client's process. Bytes. */
  readonly peakRss: number
  readonly measurements: readonly Measurement[]
}

const FIGURES: readonly Column[] = [
  { title: 'direction', align: 'left' },
  { title: 'bytes', align: 'right' },
  { title: 'seconds', align: 'right' },
  { title: 'MiB/s', align: 'right' },
  { title: 'CPU s/GiB', align: 'right' },
  { title: 'parts', align: 'right' },
  { title: 'retries', align: 'right' },
  { title: 'verified', align: 'left' },
]

const CONNECTIONS: readonly Column[] = [
  { title: 'connections', align: 'left' },
  { title: 'opened', align: 'right' },
  { title: 'reused', align: 'right' },
  { title: 'requests', align: 'right' },
  { title: 'bytes', align: 'right' },
]

/** Two tables and two lines. */
export function renderDemo(result: DemoResult): string {
  const figures = result.measurements.map((each) => [
    each.direction,
    String(each.bytes),
    (each.elapsedMs / 1000).toFixed(2),
    (each.bytes / MiB / (each.elapsedMs / 1000)).toFixed(0),
    each.cpuSecondsPerGiB.toFixed(2),
    String(each.parts),
    String(each.retries),
    each.verified,
  ])
  const hashes = result.equal
    ? `SHA-256 of both files is equal: ${result.sha256.source}`
    : `SHA-256 differs: ${result.sha256.source} was sent, ${result.sha256.copy} came back`
  return [
    renderTable(FIGURES, figures),
    '\n',
    renderTable(CONNECTIONS, result.measurements.flatMap(connectionRows)),
    '\n',
    `${hashes}\n`,
    `Peak memory of this process: ${formatSize(result.peakRss)}\n`,
  ].join('')
}

function connectionRows({ direction, workers }: Measurement): string[][] {
  return workers.map((worker, index) => [
    `${direction}, worker ${index + 1}`,
    String(worker.opened),
    String(worker.reused),
    String(worker.requests),
    formatSize(worker.bytesSent + worker.bytesReceived),
  ])
}
