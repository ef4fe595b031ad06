/**
 * Public surface of transfer-engine. Everything else is internal and may change.
 */

export { diagnose } from './diagnose.ts'
export type { DiagnoseOptions, Diagnosis } from './doctor/diagnose.ts'
export type { Advice, Difference, Finding, ProbeName } from './doctor/findings.ts'
export { TransferEngine } from './engine.ts'
export {
  ERROR_CODES,
  isTransferError,
  TransferError,
  type ErrorCode,
  type ErrorContext,
  type ErrorInfo,
  type WireError,
} from './errors.ts'
export type { EventName, Listener, ProgressEvent, TransferEvents, TransferInfo } from './events.ts'
export type { JobList, ResumableJob } from './journal/list-jobs.ts'
export type { Connection, Place } from './journal/records.ts'
export type { Migration } from './migrate-calls.ts'
export type { Aspect, AspectReport } from './migrate/aspects.ts'
export type { Estimate } from './migrate/estimate.ts'
export type { Fidelity } from './migrate/fidelity.ts'
export type { Probe } from './migrate/probe.ts'
export type { JobSums } from './migrate/job.ts'
export type { MigrationResult } from './migrate/migrate.ts'
export type { MigrateOptions, Overwrite } from './migrate/options.ts'
export type { ManifestEnd, ManifestHeader } from './manifest/format.ts'
export type { VerifiedBy, VerifyStatus } from './manifest/verdict.ts'
export type { VerifiedEntry, VerifyOptions, VerifyResult } from './manifest/verify-options.ts'
export type { MetricsServer, MetricsServerOptions } from './metrics/server.ts'
export type { ObjectLocation } from './locations.ts'
export type { OptionRow } from './option-check.ts'
export { OPTIONS } from './option-table.ts'
export type {
  DiskMode,
  EngineOptions,
  PayloadSigning,
  RequestChecksums,
  Resume,
  SourceTarget,
  UploadChecksum,
} from './options.ts'
export type { PoolEvent, PoolEventType } from './pool/pool-event.ts'
export type { QueueWork } from './queue-calls.ts'
export type { QueueNotice, QueueOptions, WorkOptions } from './queue/options.ts'
export type { WorkResult } from './queue/work.ts'
export type { ReplicateOptions, Replication } from './replicate-calls.ts'
export type { ReplicationStats } from './replicate/lag.ts'
export type { ReplicationPass, ReplicationResult } from './replicate/replicate.ts'
export type { EngineStats, PoolStats } from './stats.ts'
export type { LimitStats } from './transfer/request-lane.ts'
export type { ObjectAttributes, RequestAttributes } from './store/attributes.ts'
export type { ProviderName } from './store/profiles.ts'
export type { CredentialsInput, CredentialsOption } from './store/s3-store-options.ts'
export type { ObjectRef } from './store/types.ts'
export { formatS3Uri, parseS3Uri, type S3Location } from './store/uri.ts'
export type {
  CopyOptions,
  DownloadOptions,
  ResumeOptions,
  UploadOptions,
} from './transfer-options.ts'
export type { Carried } from './transfer/copy-carry.ts'
export type { CleanupOptions, CleanupResult, CleanupUpload } from './transfer/clean-up-options.ts'
export type {
  ActionReason,
  DoneOutcome,
  FailedOutcome,
  Outcome,
  PlannedOutcome,
  SkippedOutcome,
  TreeAction,
  TreeCounts,
  TreeOperation,
} from './tree/outcome.ts'
export type { TreeEntry } from './tree/entries.ts'
export type { Filter, FilterOptions, FilterRule } from './tree/filters.ts'
export type { AfterTransfer, BeforeTransfer, TransferChange } from './tree/hooks.ts'
export type { FilesFrom, NameFile } from './tree/name-list.ts'
export type {
  CopyPrefixOptions,
  DownloadDirectoryOptions,
  SyncOptions,
  TreeOptions,
  UploadDirectoryOptions,
} from './tree/tree-options.ts'
export type { RequestClass, TreePlan } from './tree/plan-sums.ts'
export type { Rename, RenameRule } from './tree/rename.ts'
export type { TreeProgress, TreeResult, TreeTransfer } from './tree/tree-transfer.ts'
export type { Progress } from './transfer/progress.ts'
export type {
  Checksum,
  CopyResult,
  CopyWay,
  DownloadResult,
  UploadResult,
  Verification,
} from './transfer/results.ts'
export type { Limits } from './transfer/running-limits.ts'
export type { ListedEntry } from './tree/list-entries.ts'
export type { ListOptions } from './tree/list-options.ts'
export type { Transfer } from './transfer/transfer.ts'
export type { UploadInput } from './transfer/upload-input.ts'
export {
  formatDuration,
  formatSize,
  GiB,
  KiB,
  MiB,
  parseDuration,
  parseRate,
  parseSize,
  TiB,
} from './units.ts'
