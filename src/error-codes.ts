/**
 * The catalogue of error codes. They are API: callers branch on `error.code`, TROUBLESHOOTING explains each.
 */

export interface ErrorInfo {
  /** Whether another attempt at the same request may succeed. */
  readonly retryable: boolean
  /** What to do about it, as one sentence. */
  readonly hint: string
}

export const ERROR_CODES = {
  // Usage
  ERR_OPTION_INVALID: { retryable: false, hint: 'Correct the option named in the message.' },
  ERR_OPTION_UNKNOWN: { retryable: false, hint: 'Check the spelling of the option.' },
  ERR_URI_INVALID: { retryable: false, hint: 'Write s3://bucket/key.' },
  ERR_KEY_INVALID: { retryable: false, hint: 'A key has 1 to 1024 bytes of UTF-8.' },
  ERR_CLOSED: { retryable: false, hint: 'Create a new engine; this one was closed.' },
  ERR_ABORTED: { retryable: false, hint: 'The transfer was aborted by its caller.' },
  ERR_PAUSED: { retryable: false, hint: 'Make the same call again to go on.' },
  // Source and target files
  ERR_SOURCE_NOT_FOUND: { retryable: false, hint: 'Check the path of the file to upload.' },
  ERR_SOURCE_NOT_FILE: { retryable: false, hint: 'Name a regular file, or pass a stream.' },
  ERR_SOURCE_UNREADABLE: { retryable: false, hint: 'Check the permissions of the file.' },
  ERR_SOURCE_CHANGED: { retryable: false, hint: 'Upload again once nothing writes to the file.' },
  ERR_SOURCE_FAILED: { retryable: false, hint: 'The stream given as source failed; see `cause`.' },
  ERR_TARGET_IS_DIRECTORY: { retryable: false, hint: 'Name a file inside that directory.' },
  ERR_TARGET_UNWRITABLE: {
    retryable: false,
    hint: 'Check that the directory exists and is writable.',
  },
  ERR_TARGET_EXISTS: { retryable: false, hint: 'Remove the target or allow it to be replaced.' },
  ERR_DISK_FULL: {
    retryable: false,
    hint: 'Free space on the disk of the target and run it again.',
  },
  ERR_DISK_IO: { retryable: false, hint: 'The disk reported an error; check its health.' },
  ERR_TOO_MANY_FILES: { retryable: true, hint: 'Raise the limit of open files (ulimit -n).' },
  ERR_SOURCE_NOT_REMOVED: {
    retryable: false,
    hint: 'The copy is whole; see why the source is still there, and move it again or remove it.',
  },
  // Journals
  ERR_JOURNAL_LOCKED: {
    retryable: false,
    hint: 'Another process is at work on the same transfer; wait for it, or end it.',
  },
  ERR_JOURNAL_VERSION: {
    retryable: false,
    hint: 'A newer version of transfer-engine wrote the journal; resume with that one.',
  },
  ERR_JOURNAL_UNSAFE: {
    retryable: false,
    hint: 'Others may write the journals; make the state directory yours alone (chmod 700).',
  },
  ERR_JOURNAL_NOT_FOUND: {
    retryable: false,
    hint: 'See `transfer-engine resume --list`; what has ended cannot be gone on with.',
  },
  ERR_JOURNAL_UNWRITABLE: {
    retryable: false,
    hint: 'Choose a state directory that can be written, or do without resuming.',
  },
  // Trees
  ERR_TOO_MANY_FAILURES: {
    retryable: false,
    hint: 'See what failed; what was done stays, and the same call does the rest.',
  },
  ERR_LIMIT_REACHED: {
    retryable: false,
    hint: 'It ended where it was told to; the same call goes on.',
  },
  ERR_DELETE_REFUSED: {
    retryable: false,
    hint: 'Look at both sides; all that was to be copied was, and nothing removed.',
  },
  ERR_HOOK_FAILED: {
    retryable: false,
    hint: 'A hook of yours threw for that object; see `cause`.',
  },
  ERR_MANIFEST_INVALID: {
    retryable: false,
    hint: 'Name a manifest that `cp --recursive` or `sync` wrote, as it was written.',
  },
  ERR_MANIFEST_VERSION: {
    retryable: false,
    hint: 'A newer version of transfer-engine wrote the manifest; verify it with that one.',
  },
  ERR_MANIFEST_INCOMPLETE: {
    retryable: false,
    hint: 'Run the tree again for a whole one, or allow it to be incomplete.',
  },
  // Queues
  ERR_PACKAGE_MISSING: { retryable: false, hint: 'Run npm install bullmq ioredis.' },
  ERR_QUEUE_UNREACHABLE: {
    retryable: true,
    hint: 'Check URL and password of Redis; what was done stays, and the same call goes on.',
  },
  ERR_QUEUE_FULL: {
    retryable: true,
    hint: 'Give Redis more memory (maxmemory), and make the same call again.',
  },
  ERR_QUEUE_BUSY: {
    retryable: false,
    hint: 'Wait for the other coordinator, or end it; workers may be as many as you like.',
  },
  ERR_QUEUE_VERSION: {
    retryable: false,
    hint: 'Run the same version, with the same endpoints, on all machines of a queue.',
  },
  ERR_SHARD_FAILED: {
    retryable: false,
    hint: 'See its cause; all other shards were done, and the same call does this one again.',
  },
  // Object and plan
  ERR_OBJECT_TOO_LARGE: { retryable: false, hint: 'Choose larger parts, or split the object.' },
  ERR_OBJECT_NOT_FOUND: { retryable: false, hint: 'Check bucket and key.' },
  ERR_OBJECT_CHANGED: {
    retryable: false,
    hint: 'The object was replaced while it was read; run it again.',
  },
  ERR_OBJECT_UNREADABLE: {
    retryable: false,
    hint: 'The object is archived or encrypted with another key.',
  },
  ERR_PRECONDITION_FAILED: {
    retryable: false,
    hint: 'The object does not meet If-Match or If-None-Match.',
  },
  ERR_CONFLICT: {
    retryable: false,
    hint: 'Another writer was at work on the same key; run it again.',
  },
  // Store
  ERR_BUCKET_NOT_FOUND: { retryable: false, hint: 'Create the bucket or correct its name.' },
  ERR_ACCESS_DENIED: { retryable: false, hint: 'Check the credentials and their permissions.' },
  ERR_CREDENTIALS: {
    retryable: false,
    hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile.',
  },
  ERR_CREDENTIALS_EXPIRED: { retryable: true, hint: 'Renew the credentials.' },
  ERR_CLOCK_SKEW: { retryable: true, hint: 'Set the clock of this machine.' },
  ERR_WRONG_REGION: { retryable: true, hint: 'Set the region of the bucket.' },
  ERR_REQUEST_REFUSED: {
    retryable: false,
    hint: 'The store refused the request; see the message.',
  },
  ERR_NOT_SUPPORTED: {
    retryable: false,
    hint: 'The store does not know this operation or header.',
  },
  ERR_UPLOAD_NOT_FOUND: {
    retryable: false,
    hint: 'The multipart upload was aborted or has expired.',
  },
  ERR_THROTTLED: { retryable: true, hint: 'The store asks to slow down.' },
  ERR_STORE_UNAVAILABLE: { retryable: true, hint: 'The store failed; try again later.' },
  ERR_RESPONSE_INVALID: {
    retryable: true,
    hint: 'The answer is not what S3 would say; is there a proxy in between?',
  },
  // Network
  ERR_CONNECT: { retryable: true, hint: 'Check the endpoint, and that it can be reached.' },
  ERR_CONNECT_TIMEOUT: { retryable: true, hint: 'No connection within `connectTimeoutMs`.' },
  ERR_READ_TIMEOUT: { retryable: true, hint: 'Nothing received for `readTimeoutMs`.' },
  ERR_TOO_SLOW: {
    retryable: true,
    hint: 'Less than `minThroughput` moved; lower it for a line that is this slow.',
  },
  ERR_ACQUIRE_TIMEOUT: {
    retryable: false,
    hint: 'Raise `maxConnections`, or `acquireTimeoutMs`.',
  },
  ERR_CONNECTION_LOST: { retryable: true, hint: 'The connection broke.' },
  ERR_PROXY: {
    retryable: false,
    hint: 'Check `proxy`, HTTPS_PROXY and HTTP_PROXY, and what that proxy allows.',
  },
  ERR_TLS: { retryable: false, hint: 'Check the certificate of the endpoint, or give its CA.' },
  // Integrity
  ERR_CHECKSUM_MISMATCH: {
    retryable: true,
    hint: 'Bytes arrived differently from how they were sent.',
  },
  ERR_BODY_INCOMPLETE: { retryable: true, hint: 'A body ended before its announced length.' },
  // Workers
  ERR_WORKER_LOST: { retryable: true, hint: 'A worker thread ended; its parts are done again.' },
  ERR_INTERNAL: { retryable: false, hint: 'This is a bug in transfer-engine; please report it.' },
} as const satisfies Readonly<Record<string, ErrorInfo>>

export type ErrorCode = keyof typeof ERROR_CODES
