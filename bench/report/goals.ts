/**
 * What the engine is to reach, as data: a workload, what its cost is compared with, and the limit.
 * `verdicts.ts` holds results against them. Ratios, because machines differ.
 */

import { MiB } from '../../src/units.ts'
import type { WorkloadResult } from '../result.ts'

/** What is measured, and how far it may go. */
export type Target =
  /** Our cost is at most `limit` × that of the C floor, plus that of a native CRC if told so. */
  | { readonly kind: 'floor'; readonly limit: number; readonly plusCrc?: boolean }
  /** Our cost is at most `limit` × that of a peer. */
  | { readonly kind: 'peer'; readonly peer: string; readonly limit: number }
  /** Our cost is below that of every peer found. */
  | { readonly kind: 'every-peer' }
  /** Our cost is at most `limit` × ours in another workload. */
  | { readonly kind: 'workload'; readonly other: string; readonly limit: number }
  /** Our cost, in the unit of the workload. */
  | { readonly kind: 'cost'; readonly limit: number; readonly unit: WorkloadResult['unit'] }
  /** Every step of a sweep costs us the same, within ± `limit`. */
  | { readonly kind: 'flat'; readonly limit: number }
  /** The same for what each step adds to the one before, by which start-up cancels out. */
  | { readonly kind: 'flat-added'; readonly limit: number }

export interface Goal {
  readonly title: string
  readonly workload: string
  readonly target: Target
}

/** Our peak memory in any run of any workload. Bytes. Source: the project's promise. */
export const MEMORY_LIMIT: number = 300 * MiB

const LARGE: readonly Goal[] = [
  ...forWorkload('Download to a file, plain, CRC verified', 'download-4g', [
    { kind: 'floor', limit: 1.5 },
    { kind: 'peer', peer: 'client-s3', limit: 0.25 },
    { kind: 'every-peer' },
  ]),
  ...forWorkload('Download to a file, TLS', 'download-4g-tls', [
    { kind: 'floor', limit: 1.4 },
    { kind: 'every-peer' },
  ]),
  ...forWorkload('Upload, plain, CRC sent', 'upload-4g', [
    { kind: 'floor', limit: 1.8, plusCrc: true },
    { kind: 'peer', peer: 'lib-storage', limit: 0.25 },
    { kind: 'every-peer' },
  ]),
  ...forWorkload('Upload, TLS', 'upload-4g-tls', [
    { kind: 'floor', limit: 1.5 },
    { kind: 'every-peer' },
  ]),
  ...forWorkload('Ordered stream read', 'read-4g', [
    { kind: 'workload', other: 'download-4g', limit: 1.5 },
  ]),
]

const RELAY: readonly Goal[] = [
  ...forWorkload('Copy between two stores', 'relay-1g', [
    { kind: 'peer', peer: 'read-and-upload', limit: 1.3 },
    { kind: 'every-peer' },
  ]),
  ...forWorkload('Copies of small objects between two stores', 'relay-5k-64k', [
    { kind: 'every-peer' },
  ]),
]

const SMALL: readonly Goal[] = [
  ...forWorkload('Small PUT in a worker, no files', 'request-put-4k', [
    { kind: 'peer', peer: 'client-s3', limit: 0.1 },
    { kind: 'peer', peer: 'raw-socket', limit: 2 },
  ]),
  ...forWorkload('Small GET in a worker, no files', 'request-get-4k', [
    { kind: 'peer', peer: 'client-s3', limit: 0.1 },
    { kind: 'peer', peer: 'raw-socket', limit: 2 },
  ]),
  ...forWorkload('Start of `transfer-engine --version`', 'start-version', [
    { kind: 'cost', limit: 80, unit: 'ms' },
  ]),
  ...forWorkload('Start until `engine.ready()`, 2 workers', 'start-ready', [
    { kind: 'cost', limit: 400, unit: 'ms' },
  ]),
]

/** Source: the project's promise; 10,000 and 7,000 objects per CPU second, start-up included. */
const TREES: readonly Goal[] = [
  ...forWorkload('Upload of small files', 'upload-20k-4k', [
    { kind: 'peer', peer: 'client-s3', limit: 0.125 },
    { kind: 'cost', limit: 100, unit: 'µs/object' },
    { kind: 'every-peer' },
  ]),
  ...forWorkload('Download of small files', 'download-20k-4k', [
    { kind: 'peer', peer: 'client-s3', limit: 0.125 },
    { kind: 'cost', limit: 143, unit: 'µs/object' },
    { kind: 'every-peer' },
  ]),
  ...forWorkload('Upload of files of 64 KiB', 'upload-10k-64k', [{ kind: 'every-peer' }]),
  ...forWorkload('Download of files of 64 KiB', 'download-10k-64k', [{ kind: 'every-peer' }]),
  ...forWorkload('Sync, nothing changed', 'sync-100k-unchanged', [{ kind: 'every-peer' }]),
]

const SWEEPS: readonly Goal[] = [
  ...forWorkload('Cost of a byte against size, download', 'sizes-download', [
    { kind: 'flat', limit: 0.15 },
  ]),
  ...forWorkload('Cost of a byte against size, upload', 'sizes-upload', [
    { kind: 'flat', limit: 0.15 },
  ]),
  ...forWorkload('Cost of an object against count, download', 'counts-download', [
    { kind: 'flat', limit: 0.15 },
    { kind: 'flat-added', limit: 0.15 },
  ]),
  ...forWorkload('Cost of an object against count, upload', 'counts-upload', [
    { kind: 'flat', limit: 0.15 },
    { kind: 'flat-added', limit: 0.15 },
  ]),
]

export const GOALS: readonly Goal[] = [...LARGE, ...RELAY, ...SMALL, ...TREES, ...SWEEPS]

function forWorkload(title: string, workload: string, targets: readonly Target[]): Goal[] {
  return targets.map((target) => ({ title, workload, target }))
}
