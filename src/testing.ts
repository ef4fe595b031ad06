/**
 * `transfer-engine/testing`: the strict, loopback-only S3 store for your own tests. It verifies
 * signatures, lengths and checksums as S3 does, keeps a log of requests, and can be told to fail.
 *
 * @example
 * ```ts
 * import { startLocalStore } from 'transfer-engine/testing'
 *
 * await using store = await startLocalStore({ buckets: ['test'] })
 * store.faults.add({
 *   match: { operation: 'UploadPart', partNumber: 3 },
 *   fault: { kind: 'answer', status: 503, code: 'SlowDown' },
 *   times: 1,
 * })
 * // … run what you test against store.endpoint with store.credentials …
 * store.requests.entries({ operation: 'UploadPart', partNumber: 3 }).length // 2
 * store.objects('test')[0]?.bytes()
 * ```
 */

export {
  DIALECT_NAMES,
  connectControl,
  patternBytes,
  startLocalStore,
} from './local-store/index.ts'
export type {
  BackendKind,
  ChecksumAlgorithm,
  ControlClient,
  DialectName,
  Fault,
  FaultMatch,
  FaultRule,
  Faults,
  LocalStore,
  LocalStoreOptions,
  OpenUpload,
  RequestLog,
  RequestLogEntry,
  RequestLogFilter,
  StoreCredentials,
  StoredChecksum,
  StoredObject,
  StoreStats,
} from './local-store/index.ts'
