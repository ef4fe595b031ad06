import { describe, expect, it } from 'vitest'
import { compositeChecksum } from '../../../src/checksum/combine.ts'
import { TransferError, type ErrorCode, type ErrorContext } from '../../../src/errors.ts'
import type {
  CompletedObject,
  CompleteOptions,
  CreateOptions,
  ObjectInfo,
  ObjectStore,
} from '../../../src/store/object-store.ts'
import { MultipartUpload } from '../../../src/transfer/multipart-upload.ts'
import { readRecords, type FoundRecord } from '../../../src/transfer/upload-records.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { testBytes } from '../../helpers/test-bytes.ts'
import { checksumOfBytes, digestOf, makeRun, objectInfo, uploadSpec } from './run-fixture.ts'

const TOKEN = 'transfer-engine-upload'
const OBJECT = testBytes(2500)
const FULL = await checksumOfBytes(OBJECT)

function refused(code: ErrorCode, context: ErrorContext = {}): TransferError {
  return new TransferError(code, `it is ${code}`, context)
}

const COMPLETED: CompletedObject = {
  etag: '"object"',
  versionId: 'v1',
  checksums: {},
  checksumType: undefined,
  location: undefined,
}

interface Script {
  /** One answer to Complete after the other. */
  readonly complete: readonly (CompletedObject | TransferError)[]
  /** What HEAD says; gets the token the upload was created with. */
  readonly head?: (token: string) => ObjectInfo | TransferError
  readonly store?: Partial<ObjectStore>
  readonly algorithm?: 'CRC32' | 'SHA256'
  readonly sendChecksum?: boolean
  /** Where open uploads are noted; nowhere without. */
  readonly stateDir?: string
}

async function startUpload(script: Script) {
  const { algorithm = 'CRC32', sendChecksum = true, stateDir } = script
  const answers = [...script.complete]
  const created: CreateOptions[] = []
  const completing: CompleteOptions[] = []
  const token = (): string => created[0]?.attributes?.metadata?.[TOKEN] ?? ''
  const fixture = makeRun({
    tuning: { maxAttempts: 3 },
    ...(stateDir === undefined ? {} : { state: { stateDir, recordUploads: true } }),
    store: {
      createMultipartUpload: (_object, options) => {
        if (options !== undefined) created.push(options)
        return Promise.resolve({ uploadId: 'upload-1' })
      },
      completeMultipartUpload: (_object, _id, _parts, options) => {
        if (options !== undefined) completing.push(options)
        const answer = answers.shift() ?? refused('ERR_INTERNAL')
        return answer instanceof TransferError ? Promise.reject(answer) : Promise.resolve(answer)
      },
      head: () => {
        const answer = script.head?.(token()) ?? refused('ERR_OBJECT_NOT_FOUND', { status: 404 })
        return answer instanceof TransferError ? Promise.reject(answer) : Promise.resolve(answer)
      },
      ...script.store,
    },
  })
  const spec = uploadSpec({
    algorithm,
    sendChecksum,
    attributes: { metadata: { mine: 'kept' } },
  })
  const upload = await MultipartUpload.create(fixture.run, spec)
  const done = { ok: true as const, workerId: 1, headers: {}, elapsedMs: 1 }
  // The second part arrives last.
  for (const [number, offset, length] of [
    [1, 0, 1000],
    [3, 2000, 500],
    [2, 1000, 1000],
  ] as const) {
    const digest = await digestOf(OBJECT.subarray(offset, offset + length), algorithm)
    upload.noteArrived(number, offset, { ...done, digest, length, etag: `"${number}"` })
  }
  return { ...fixture, upload, created, completing }
}

const ours = (token: string): ObjectInfo =>
  objectInfo({
    size: 2500,
    checksums: { CRC32: FULL },
    metadata: { [TOKEN]: token },
    etag: '"object"',
  })

describe('completing an upload', () => {
  it('sends all parts in order with the checksum of the whole, and compares what is stored', async () => {
    const { upload, log, created, completing } = await startUpload({
      complete: [COMPLETED],
      head: ours,
    })
    const result = await upload.complete()
    expect(log).toEqual(['create', 'complete 1,2,3', 'head'])
    expect(created[0]).toMatchObject({
      checksum: { algorithm: 'CRC32', type: 'FULL_OBJECT' },
      attributes: { metadata: { mine: 'kept', [TOKEN]: expect.stringMatching(/^[0-9a-f-]{36}$/) } },
    })
    expect(completing[0]).toMatchObject({
      size: 2500,
      checksum: { algorithm: 'CRC32', value: FULL, type: 'FULL_OBJECT' },
    })
    expect(result).toMatchObject({
      object: { bucket: 'bucket', key: 'key' },
      size: 2500,
      etag: '"object"',
      versionId: 'v1',
      parts: 3,
      verified: 'checksum',
      checksum: { algorithm: 'CRC32', value: FULL, type: 'FULL_OBJECT' },
    })
  })

  it('makes a composite of checksums that cannot be combined', async () => {
    const digests = [
      await digestOf(OBJECT.subarray(0, 1000), 'SHA256'),
      await digestOf(OBJECT.subarray(1000, 2000), 'SHA256'),
      await digestOf(OBJECT.subarray(2000), 'SHA256'),
    ]
    const value = await compositeChecksum('SHA256', digests)
    const { upload, created, completing } = await startUpload({
      algorithm: 'SHA256',
      complete: [COMPLETED],
      head: () => objectInfo({ size: 2500, checksums: { SHA256: value } }),
    })
    expect(await upload.complete()).toMatchObject({
      verified: 'checksum',
      checksum: { value, type: 'COMPOSITE' },
    })
    expect(created[0]?.checksum).toEqual({ algorithm: 'SHA256', type: 'COMPOSITE' })
    expect(completing[0]?.checksum).toBeUndefined()
  })

  it('tells a store that must not get checksums nothing of them', async () => {
    const { upload, created, completing } = await startUpload({
      sendChecksum: false,
      complete: [COMPLETED],
      head: () => objectInfo({ size: 2500 }),
    })
    expect(await upload.complete()).toMatchObject({ verified: 'size' })
    expect(created[0]?.checksum).toBeUndefined()
    expect(completing[0]).toMatchObject({ size: undefined, checksum: undefined })
  })

  it.each([
    ['another size', objectInfo({ size: 2499 })],
    ['another checksum', objectInfo({ size: 2500, checksums: { CRC32: 'AAAAAA==' } })],
  ])('fails when the store then holds %s', async (_, info) => {
    const { upload } = await startUpload({ complete: [COMPLETED], head: () => info })
    await expect(upload.complete()).rejects.toMatchObject({ code: 'ERR_CHECKSUM_MISMATCH' })
  })

  it('does with the checksum of the answer when HEAD is not allowed', async () => {
    const denied = (): TransferError => refused('ERR_ACCESS_DENIED', { status: 403 })
    const right = { ...COMPLETED, checksums: { CRC32: FULL } }
    const { upload } = await startUpload({ complete: [right], head: denied })
    expect(await upload.complete()).toMatchObject({ verified: 'checksum' })
    const wrong = { ...COMPLETED, checksums: { CRC32: 'AAAAAA==' } }
    const other = await startUpload({ complete: [wrong], head: denied })
    await expect(other.upload.complete()).rejects.toMatchObject({ code: 'ERR_CHECKSUM_MISMATCH' })
  })

  it('refuses to complete without all parts', async () => {
    const { upload, run, log } = await startUpload({ complete: [COMPLETED] })
    const other = await MultipartUpload.create(run, uploadSpec())
    const done = { ok: true as const, workerId: 1, headers: {}, elapsedMs: 1, etag: '"2"' }
    other.noteArrived(2, 1000, { ...done, digest: new Uint8Array(4), length: 1000 })
    await expect(other.complete()).rejects.toThrow('part 1 is missing')
    expect(log.filter((line) => line.startsWith('complete'))).toEqual([])
    expect(upload.uploadId).toBe('upload-1')
  })
})

describe('an answer to Complete that was lost', () => {
  it('counts as success when the object at the key is ours', async () => {
    const { upload, log } = await startUpload({
      complete: [refused('ERR_CONNECTION_LOST')],
      head: ours,
    })
    expect(await upload.complete()).toMatchObject({ etag: '"object"', verified: 'checksum' })
    expect(log).toEqual(['create', 'complete 1,2,3', 'head', 'head'])
  })

  it('counts as success when the store has forgotten the upload, and the object is ours', async () => {
    const { upload } = await startUpload({
      complete: [refused('ERR_UPLOAD_NOT_FOUND', { status: 404 })],
      head: ours,
    })
    expect(await upload.complete()).toMatchObject({ etag: '"object"' })
  })

  it.each<[string, (token: string) => ObjectInfo | TransferError]>([
    ['nothing is there', () => refused('ERR_OBJECT_NOT_FOUND', { status: 404 })],
    ['the object has another token', () => ours('somebody-else')],
    ['the object has no token', () => objectInfo({ size: 2500, checksums: { CRC32: FULL } })],
    ['the object has another size', (token) => ({ ...ours(token), size: 2499 })],
    [
      'the object has another checksum',
      (token) => ({ ...ours(token), checksums: { CRC32: 'AAAAAA==' } }),
    ],
  ])('is asked for again when %s', async (_, head) => {
    let heads = 0
    const { upload, log } = await startUpload({
      complete: [refused('ERR_READ_TIMEOUT'), COMPLETED],
      head: (token) => {
        heads += 1
        return heads === 1 ? head(token) : ours(token)
      },
    })
    expect(await upload.complete()).toMatchObject({ etag: '"object"' })
    expect(log.filter((line) => line.startsWith('complete'))).toHaveLength(2)
  })

  it('is a failure when the upload is gone and the object is not ours', async () => {
    const { upload, log } = await startUpload({
      complete: [refused('ERR_UPLOAD_NOT_FOUND', { status: 404 })],
      head: () => ours('somebody-else'),
    })
    await expect(upload.complete()).rejects.toMatchObject({ code: 'ERR_UPLOAD_NOT_FOUND' })
    expect(log.filter((line) => line.startsWith('complete'))).toHaveLength(1)
  })

  it('is not asked for more than `maxAttempts` times', async () => {
    const lost = refused('ERR_CONNECTION_LOST')
    const { upload, log } = await startUpload({ complete: [lost, lost, lost, lost, lost] })
    await expect(upload.complete()).rejects.toMatchObject({ code: 'ERR_CONNECTION_LOST' })
    expect(log.filter((line) => line.startsWith('complete'))).toHaveLength(3)
  })

  it('does not hide a refusal', async () => {
    const { upload, log } = await startUpload({
      complete: [refused('ERR_ACCESS_DENIED', { status: 403 })],
      head: ours,
    })
    await expect(upload.complete()).rejects.toMatchObject({ code: 'ERR_ACCESS_DENIED' })
    expect(log).toEqual(['create', 'complete 1,2,3'])
  })

  it('is not taken for success when the object in the way is not ours', async () => {
    const { upload, log } = await startUpload({
      complete: [refused('ERR_PRECONDITION_FAILED', { status: 412 })],
      head: () => ours('somebody-else'),
    })
    await expect(upload.complete()).rejects.toMatchObject({ code: 'ERR_PRECONDITION_FAILED' })
    expect(log.filter((line) => line.startsWith('complete'))).toHaveLength(1)
  })
})

describe('discarding an upload', () => {
  const failure = refused('ERR_ACCESS_DENIED')

  it('aborts it and looks whether it is gone', async () => {
    const { upload, log } = await startUpload({ complete: [] })
    const error = await upload.discard(failure)
    expect(error.context.leftBehind).toBeUndefined()
    expect(log).toEqual(['create', 'abort upload-1', 'list upload-1'])
  })

  it('aborts again when parts reappear', async () => {
    let looks = 0
    const part = { partNumber: 1, size: 1, etag: '"e"', lastModified: undefined, checksums: {} }
    const { upload, log } = await startUpload({
      complete: [],
      store: {
        listParts: () => {
          looks += 1
          return Promise.resolve(looks === 1 ? [part] : [])
        },
      },
    })
    expect((await upload.discard(failure)).context.leftBehind).toBeUndefined()
    expect(log.slice(1)).toEqual([
      'abort upload-1',
      'list upload-1',
      'abort upload-1',
      'list upload-1',
    ])
  })

  it.each<ErrorCode>(['ERR_UPLOAD_NOT_FOUND', 'ERR_NOT_SUPPORTED', 'ERR_ACCESS_DENIED'])(
    'takes %s for gone when it looks',
    async (code) => {
      const { upload, log } = await startUpload({
        complete: [],
        store: { listParts: () => Promise.reject(refused(code)) },
      })
      expect((await upload.discard(failure)).context.leftBehind).toBeUndefined()
      expect(log.filter((line) => line.startsWith('abort'))).toHaveLength(1)
    },
  )

  it.each<[string, Partial<ObjectStore>]>([
    ['the abort fails', { abortMultipartUpload: () => Promise.reject(refused('ERR_CONNECT')) }],
    ['it cannot be looked at', { listParts: () => Promise.reject(refused('ERR_CONNECT')) }],
    [
      'parts stay',
      {
        listParts: () =>
          Promise.resolve([
            { partNumber: 1, size: 1, etag: '"e"', lastModified: undefined, checksums: {} },
          ]),
      },
    ],
  ])('says what it left behind when %s, and keeps the first error', async (_, store) => {
    const { upload } = await startUpload({ complete: [], store })
    const error = await upload.discard(failure)
    expect(error).toMatchObject({
      code: 'ERR_ACCESS_DENIED',
      context: { leftBehind: 'multipart upload upload-1' },
    })
  })

  it('works although the run was stopped', async () => {
    const signals: (boolean | undefined)[] = []
    const { upload, run } = await startUpload({
      complete: [],
      store: {
        abortMultipartUpload: (_object, _id, options) => {
          signals.push(options?.signal?.aborted)
          return Promise.resolve()
        },
      },
    })
    run.abort('enough')
    await upload.discard(failure)
    expect(signals).toEqual([false])
  })
})

describe('the record of an upload', () => {
  const directory = useTemporaryDirectory()

  async function recordsOf(
    script: Script,
    end: (upload: MultipartUpload) => Promise<unknown>,
  ): Promise<readonly FoundRecord[]> {
    const { upload, env } = await startUpload({ ...script, stateDir: directory() })
    await end(upload)
    await env.openUploads.settled()
    return readRecords(directory())
  }

  it('is there while it is open, under the token of its metadata', async () => {
    const { upload, env, created } = await startUpload({ complete: [], stateDir: directory() })
    await env.openUploads.settled()
    const token = created[0]?.attributes?.metadata?.[TOKEN]
    expect(await readRecords(directory())).toMatchObject([
      { token, bucket: 'bucket', key: 'key', uploadId: upload.uploadId, isHeld: true },
    ])
  })

  it('goes with its completion', async () => {
    const script = { complete: [COMPLETED], head: ours }
    expect(await recordsOf(script, (upload) => upload.complete())).toEqual([])
  })

  it('goes with its removal', async () => {
    const end = (upload: MultipartUpload) => upload.discard(refused('ERR_ABORTED'))
    expect(await recordsOf({ complete: [] }, end)).toEqual([])
  })

  it('stays, held by nobody, when it could not be removed', async () => {
    const store = { abortMultipartUpload: () => Promise.reject(refused('ERR_CONNECT')) }
    const end = (upload: MultipartUpload) => upload.discard(refused('ERR_ABORTED'))
    expect(await recordsOf({ complete: [], store }, end)).toMatchObject([{ isHeld: false }])
  })
})
