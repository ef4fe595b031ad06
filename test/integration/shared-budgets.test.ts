import { createReadStream } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { failureOf } from '../helpers/failure.ts'
import { BUCKET, MiB, sharedBed, storedBytes } from '../helpers/test-bed.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'

const OBJECT = testBytes(60 * MiB + 7)
const SOURCE = `s3://${BUCKET}/source`

/** Memory for three parts only, so that whoever holds it keeps it from others. */
const TIGHT = { memoryLimit: 16 * MiB }

describe('with little memory', () => {
  const bed = sharedBed({ engine: TIGHT })

  test('an upload is fed by a read of the same engine', async () => {
    const { engine, store } = bed()
    await engine.upload(OBJECT, SOURCE)
    await engine.upload(engine.read(SOURCE), `s3://${BUCKET}/copy`)
    expect(differenceOf(storedBytes(store, 'copy'), OBJECT)).toBeUndefined()
  })

  test('a reader that pauses holds up nobody', async () => {
    const { engine } = bed()
    await engine.upload(OBJECT, SOURCE)
    const reader = engine.read(SOURCE)
    await reader.next()
    await engine.upload(Buffer.from('x'), `s3://${BUCKET}/small`)
    await engine.upload(OBJECT, `s3://${BUCKET}/large`)
    await reader.return()
  })

  test('two reads go on side by side, whatever one of them holds', async () => {
    const { engine } = bed()
    await engine.upload(OBJECT, SOURCE)
    const readers = [engine.read(SOURCE), engine.read(SOURCE)]
    let bytes = 0
    for (let isOpen = true; isOpen;) {
      const chunks = await Promise.all(readers.map((reader) => reader.next()))
      isOpen = chunks.every((chunk) => chunk.done !== true)
      for (const chunk of chunks) if (chunk.done !== true) bytes += chunk.value.length
    }
    expect(bytes).toBe(2 * OBJECT.length)
  })

  test('parts of a stream that cannot fit are refused, and the option is named', async () => {
    const { engine } = bed()
    const error = await failureOf(
      engine.upload(OBJECT, `s3://${BUCKET}/refused`, { partSize: 32 * MiB }),
    )
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option: 'memoryLimit' } })
  })
})

const queued = sharedBed({ engine: { maxTransfers: 1 } })

test('a stream that fails while its upload waits in the queue fails that upload, not the process', async () => {
  const { engine } = queued()
  const first = engine.upload(OBJECT, `s3://${BUCKET}/first`)
  const stream = createReadStream('/no/such/file')
  const second = failureOf(engine.upload(stream, `s3://${BUCKET}/second`))
  await first
  expect(await second).toMatchObject({ code: 'ERR_SOURCE_FAILED', cause: { code: 'ENOENT' } })
})
