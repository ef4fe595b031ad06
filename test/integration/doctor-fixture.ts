/** Runs `transfer-engine doctor` on a store of its own, for tests of it. */

import { startLocalStore, type FaultRule, type LocalStoreOptions } from 'transfer-engine/testing'
import { run, storeEnvironment, type Outcome } from './cli-command.ts'

export const URI = 's3://test/place'

/** Results by probe. */
export type Results = Readonly<Record<string, unknown>>

export interface Examined {
  readonly outcome: Outcome
  readonly results: Results
  /** Events of a kind. */
  events(kind: string): readonly Record<string, unknown>[]
  /** Keys and uploads that are there afterwards. */
  readonly left: readonly string[]
}

export interface Circumstances extends LocalStoreOptions {
  readonly argv?: readonly string[]
}

/** Runs the doctor on a store of its own. */
export async function examine(given: Circumstances = {}): Promise<Examined> {
  const { argv = [], ...options } = given
  const store = await startLocalStore({ buckets: ['test'], ...options })
  try {
    const env = storeEnvironment(store)
    const outcome = await run(['doctor', URI, '--json', ...argv], { env })
    const events = (kind: string) => outcome.events.filter(({ event }) => event === kind)
    const found = events('finding').map(({ probe, result }) => [String(probe), result] as const)
    const left = [
      ...store.objects('test').map(({ key }) => key),
      ...store.uploads().map(({ key }) => `upload of ${key}`),
    ]
    return { outcome, results: Object.fromEntries(found), events, left }
  } finally {
    await store.close()
  }
}

export const deny = (operation: string | readonly string[]): FaultRule => ({
  match: { operation },
  fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
})

/** What is found of a store that does everything as S3 does. */
export const AS_S3 = {
  reach: 'yes',
  identity: 'signed',
  addressing: 'path',
  clock: 'right',
  list: 'version-2',
  'start-after': 'honoured',
  'encoding-type': 'honoured',
  write: 'yes',
  read: 'yes',
  head: 'yes',
  range: 'yes',
  'if-match-read': 'honoured',
  'if-none-match-write': 'honoured',
  'if-match-write': 'honoured',
  'checksum-crc32': 'verified',
  'checksum-crc32c': 'verified',
  'checksum-crc64nvme': 'verified',
  'checksum-sha256': 'verified',
  'content-md5': 'verified',
  'payload-hash': 'verified',
  multipart: 'yes',
  'multipart-etag': 'md5-of-parts',
  'multipart-checksum': 'verified',
  'unequal-parts': 'yes',
  'list-parts': 'yes',
  abort: 'yes',
  'list-uploads': 'yes',
  copy: 'yes',
  'part-copy': 'yes',
  tagging: 'yes',
  attributes: 'yes',
  delete: 'yes',
  'delete-objects': 'yes',
  'keep-alive': 'kept',
  'clean-up': 'done',
}
