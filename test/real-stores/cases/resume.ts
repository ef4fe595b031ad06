/** What was paused or killed goes on, and what nobody goes on with is removed. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { CreateMultipartUploadCommand, UploadPartCommand } from '@aws-sdk/client-s3'
import { MiB, type Transfer, type TransferEngine } from 'transfer-engine'
import { testBytes } from '../../helpers/test-bytes.ts'
import { runCommand } from '../../killloop/command.ts'
import {
  assertBytes,
  assertFile,
  codeOf,
  engineCase,
  openUploads,
  type CaseContext,
  type EngineCase,
} from './case.ts'

const SIZE = 38 * MiB + 7

/** Slow enough to be stopped in the middle. Bytes per second. */
const SLOW = { maxBandwidth: 16 * MiB, maxInFlight: 2, resume: 'always' } as const

const AGAIN = { resume: 'always' } as const

/** How many parts arrive before it is stopped. */
const PARTS_BEFORE = 3

async function pauseAfterParts(
  engine: TransferEngine,
  begin: () => Transfer<unknown>,
): Promise<void> {
  const transfer = begin()
  let arrived = 0
  let pausing: Promise<string | undefined> | undefined
  engine.on('part', () => {
    arrived += 1
    if (arrived === PARTS_BEFORE) pausing = transfer.pause()
  })
  assert.equal(await codeOf(transfer), 'ERR_PAUSED')
  assert.notEqual(await pausing, undefined, 'a pause has a token')
  await engine.close()
}

async function readBack({ root, engine }: CaseContext, expected: Buffer): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of engine().read(`${root}object`)) chunks.push(Buffer.from(chunk))
  assertBytes(Buffer.concat(chunks), expected, 'the object')
}

/** Begins an upload by the command and kills it after some parts. */
async function killedUpload(context: CaseContext, path: string): Promise<void> {
  const { address, root, stateDir } = context
  const parts = ['--part-size', '5MiB', '--multipart-threshold', '10MiB']
  const slow = ['--max-bandwidth', '12MiB', '--max-in-flight', '2', '--resume', 'always']
  const run = await runCommand({
    argv: ['cp', path, `${root}object`, '--json', '--state-dir', stateDir, ...parts, ...slow],
    store: address,
    isMoment: (events) => events.has('part'),
    onResult: () => undefined,
  })
  assert.notEqual(run.killedAt, undefined, `it was killed at work: ${run.said}`)
}

export const RESUME_CASES: readonly EngineCase[] = [
  engineCase('resume.upload', async (context) => {
    const { root, engine, file } = context
    const bytes = testBytes(SIZE)
    const path = await file('source', bytes)
    const first = engine(SLOW)
    await pauseAfterParts(first, () => first.upload(path, `${root}object`))
    const { resumed, keptBytes } = await engine(AGAIN).upload(path, `${root}object`)
    assert.ok(resumed && keptBytes >= PARTS_BEFORE * 5 * MiB, `${keptBytes} bytes were kept`)
    await readBack(context, bytes)
  }),
  engineCase('resume.download', async ({ root, dir, engine }) => {
    const bytes = testBytes(SIZE)
    await engine().upload(bytes, `${root}object`)
    const first = engine(SLOW)
    const path = join(dir, 'copy')
    await pauseAfterParts(first, () => first.download(`${root}object`, path))
    const { resumed, keptBytes } = await engine(AGAIN).download(`${root}object`, path)
    assert.ok(resumed && keptBytes > 0, `${keptBytes} bytes were kept`)
    await assertFile(path, bytes)
  }),
  engineCase('resume.killed', async (context) => {
    const { root, engine, file } = context
    const bytes = testBytes(SIZE)
    const path = await file('source', bytes)
    await killedUpload(context, path)
    const { resumed, keptBytes } = await engine(AGAIN).upload(path, `${root}object`)
    assert.ok(resumed && keptBytes > 0, `${keptBytes} bytes were kept`)
    await readBack(context, bytes)
  }),
  engineCase('cleanup', async ({ root, bucket, prefix, engine, sdk }) => {
    const object = { Bucket: bucket, Key: `${prefix}object` }
    // Of another tool: what a process of ours has left is taken for alive for a while.
    const { UploadId } = await sdk.send(new CreateMultipartUploadCommand(object))
    const part = { ...object, UploadId, PartNumber: 1, Body: testBytes(100) }
    await sdk.send(new UploadPartCommand(part))
    const { uploads } = await engine().cleanup(root, { olderThanMs: 0, any: true })
    assert.deepEqual(
      uploads.map(({ key, uploadId, outcome }) => [key, uploadId, outcome]),
      [[object.Key, UploadId, 'aborted']],
    )
    assert.deepEqual(await openUploads(sdk, bucket, prefix), [])
  }),
]
