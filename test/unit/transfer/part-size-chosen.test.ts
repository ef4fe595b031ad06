/** The part size of objects where nobody chose one, as the drivers announce it. */

import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { TransferEvents } from '../../../src/events.ts'
import { runDownload } from '../../../src/transfer/download.ts'
import { runUpload } from '../../../src/transfer/upload.ts'
import { FileSource, MemorySource } from '../../../src/transfer/upload-source.ts'
import { GiB, KiB, MiB } from '../../../src/units.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { failed, makeRun, objectInfo, uploadSpec, type RunFixture } from './run-fixture.ts'

const directory = useTemporaryDirectory()
const SIZE = 4 * GiB

/** What is announced of a transfer whose first request is refused. */
async function announced(
  start: (fixture: RunFixture) => Promise<unknown>,
  throughput?: number,
): Promise<TransferEvents['start'] | undefined> {
  const fixture = makeRun({
    store: { head: () => Promise.resolve(objectInfo({ size: SIZE })) },
  })
  fixture.executor.fault = () => failed('ERR_ACCESS_DENIED')
  if (throughput !== undefined) fixture.env.scheduler.throughput.note(throughput, 1000)
  let event: TransferEvents['start'] | undefined
  fixture.env.events.on('start', (started) => (event = started))
  await expect(start(fixture)).rejects.toMatchObject({ code: 'ERR_ACCESS_DENIED' })
  return event
}

async function upload({ run }: RunFixture, partSize?: number): Promise<unknown> {
  const path = join(directory(), 'sparse')
  writeFileSync(path, '')
  truncateSync(path, SIZE)
  const source = await FileSource.open(run, path)
  const spec = uploadSpec({ partSize, multipartThreshold: 16 * MiB })
  try {
    return await runUpload(run, source, spec)
  } finally {
    await source.close()
  }
}

async function download({ run }: RunFixture, partSize?: number): Promise<unknown> {
  const object = { bucket: 'bucket', key: 'key' }
  const spec = { object, attributes: {}, partSize, compare: false }
  return runDownload(run, spec, join(directory(), 'target'))
}

async function* zeros(): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(64 * KiB)
  for (let sent = 0; sent < 64 * MiB; sent += chunk.length) yield chunk
}

it.each([
  ['an upload', upload],
  ['a download', download],
])('%s of a large object has large parts', async (_, start) => {
  expect(await announced((fixture) => start(fixture))).toMatchObject({
    partSize: 32 * MiB,
    parts: 128,
  })
})

it.each([
  ['an upload', upload],
  ['a download', download],
])('%s on a slow line has smaller ones', async (_, start) => {
  expect(await announced((fixture) => start(fixture), 2 * MiB)).toMatchObject({
    partSize: 16 * MiB,
    parts: 256,
  })
})

it.each([
  ['an upload', upload],
  ['a download', download],
])('%s has parts of the size that was asked for', async (_, start) => {
  const event = await announced((fixture) => start(fixture, 5 * MiB))
  expect(event).toMatchObject({ partSize: 5 * MiB })
})

it('a stream, whose parts are held in memory, has small ones', async () => {
  const event = await announced(({ run }) => {
    const source = new MemorySource(run, zeros(), SIZE)
    return runUpload(run, source, uploadSpec({ partSize: undefined }))
  })
  expect(event).toMatchObject({ partSize: 8 * MiB, parts: 512 })
})
