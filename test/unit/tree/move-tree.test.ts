import { existsSync, mkdirSync, statSync, writeFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ObjectStore } from '../../../src/store/object-store.ts'
import type { DownloadResult, UploadResult } from '../../../src/transfer/results.ts'
import type { EarlierJobs } from '../../../src/transfer/earlier-jobs.ts'
import type { Outcome } from '../../../src/tree/outcome.ts'
import { runTree, type TreeHost } from '../../../src/tree/run-tree.ts'
import type { TreeSpec } from '../../../src/tree/sides.ts'
import { TreeJob } from '../../../src/tree/tree-job.ts'
import { checkTreeOptions } from '../../../src/tree/check-tree-options.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const directory = useTemporaryDirectory()

/** Long ago, as the time of an object. Epoch milliseconds. */
const MODIFIED = Date.UTC(2020, 0, 1)

const RESULT = {
  object: { bucket: 'b', key: 'p/name' },
  size: 5,
  attempts: 1,
  elapsedMs: 1,
  etag: '"e"',
  verified: 'checksum',
} as const

interface World {
  /** What was done, in order. */
  readonly log: readonly string[]
  readonly outcomes: readonly Outcome[]
}

/** Runs a tree of one name in a world that only writes down what is asked of it. */
async function runOne(direction: TreeSpec['direction'], options: object): Promise<World> {
  const log: string[] = []
  const outcomes: Outcome[] = []
  const root = join(directory(), 'root')
  const file = join(root, 'name')
  const seen = (): string => (existsSync(file) ? 'a file here' : 'no file here')
  const store = {
    route: () => Promise.resolve({ host: 'b.s3.eu-west-1.amazonaws.com' }),
    listObjects: () => {
      const object = { key: 'p/name', size: 5, etag: '"e"', lastModified: MODIFIED }
      return Promise.resolve({ objects: [object], prefixes: [], next: undefined })
    },
    deleteObject: (_: unknown, { ifMatch }: { readonly ifMatch?: string }) => {
      log.push(`DELETE if ${ifMatch}, ${seen()} of ${statSync(file).mtimeMs}`)
      return Promise.resolve()
    },
  } as unknown as ObjectStore
  const started = <T>(result: object, work: () => void) => {
    work()
    return { done: Promise.resolve(result as T), transferred: () => 0 }
  }
  const objects: TreeHost['objects'] = {
    uploads: () => () => started<UploadResult>(RESULT, () => log.push(`upload, ${seen()}`)),
    copies: () => expect.unreachable(),
    downloads:
      (asked, { restore }) =>
      (_, path, lastModified) =>
        started<DownloadResult>({ ...RESULT, metadata: {}, lastModified: MODIFIED }, () => {
          log.push(`download, fsync ${'fsync' in asked && String(asked.fsync)}`)
          writeFileSync(path, 'bytes')
          const time = (lastModified ?? 0) / 1000
          if (restore === 'time') utimesSync(path, time, time)
        }),
  }
  const spec: TreeSpec = {
    direction,
    how: 'copy',
    local: { kind: 'local', root },
    remote: { kind: 'store', bucket: 'b', prefix: 'p/' },
  }
  const given = { ...options, onOutcome: (outcome: Outcome) => outcomes.push(outcome) }
  const checked = checkTreeOptions(given, spec, () => undefined)
  const host: TreeHost = {
    store,
    source: store,
    isOneIdentity: true,
    objects,
    maxTransfers: 1,
    digest: () => expect.unreachable(),
    resume: {
      earlier: { isEmpty: true } as EarlierJobs,
      stateDirectory: join(directory(), 'state'),
      warn: () => undefined,
    },
    sizes: {},
  }
  await runTree(host, new TreeJob(new AbortController().signal, checked), spec, checked)
  log.push(`at the end ${seen()}`)
  return { log, outcomes }
}

describe('a tree that is moved', () => {
  it('has each file on the disk, with its time, before its object is removed', async () => {
    const { log, outcomes } = await runOne('download', { removeSource: true })
    expect(log).toEqual([
      'download, fsync true',
      `DELETE if "e", a file here of ${MODIFIED}`,
      'at the end a file here',
    ])
    expect(outcomes).toMatchObject([{ status: 'done', operation: 'download', move: true }])
  })

  it('loses each file once it is up', async () => {
    mkdirSync(join(directory(), 'root'))
    writeFileSync(join(directory(), 'root', 'name'), 'bytes')
    const { log, outcomes } = await runOne('upload', { removeSource: true })
    expect(log).toEqual(['upload, a file here', 'at the end no file here'])
    expect(outcomes).toMatchObject([{ status: 'done', operation: 'upload', move: true }])
  })
})

describe('a tree that is copied', () => {
  it('loses nothing, and leaves the disk its time', async () => {
    const { log, outcomes } = await runOne('download', {})
    expect(log).toEqual(['download, fsync false', 'at the end a file here'])
    expect(outcomes).toMatchObject([{ status: 'done', move: undefined }])
  })
})
