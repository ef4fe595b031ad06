/** Objects are moved from one place of a store to another: the source goes when the copy is proved. */

import { afterEach, describe, expect, test } from 'vitest'
import { join } from 'node:path'
import { failureOf } from '../helpers/failure.ts'
import { BUCKET, MiB, sharedBed, storedBytes, storedKeys } from '../helpers/test-bed.ts'
import { useTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { testBytes } from '../helpers/test-bytes.ts'

const FROM = `s3://${BUCKET}/from`
const TO = `s3://${BUCKET}/to`
const SMALL = testBytes(1000, 1)
const LARGE = testBytes(12 * MiB, 2)
const DENIED = { kind: 'answer', status: 403, code: 'AccessDenied' } as const

const directory = useTemporaryDirectory()
const bed = sharedBed()
afterEach(() => bed().store.reset())

describe('`removeSource` of a copy', () => {
  test.each([
    ['a small object', 'server', SMALL],
    ['a small object', 'relay', SMALL],
    ['a large object', 'server', LARGE],
    ['a large object', 'relay', LARGE],
  ] as const)('moves %s by %s', async (_, via, bytes) => {
    const { engine, store } = bed()
    await engine.upload(bytes, FROM)
    const result = await engine.copy(FROM, TO, { via, removeSource: true })
    expect(result).toMatchObject({ moved: true, how: via, verified: 'checksum' })
    expect(storedKeys(store)).toEqual(['to'])
    expect(storedBytes(store, 'to').equals(bytes)).toBe(true)
  })

  test('keeps the source of a copy that failed', async () => {
    const { engine, store } = bed()
    await engine.upload(SMALL, FROM)
    store.faults.add({ match: { operation: 'CopyObject' }, fault: DENIED })
    expect((await failureOf(engine.copy(FROM, TO, { removeSource: true }))).code).toBe(
      'ERR_ACCESS_DENIED',
    )
    expect(storedKeys(store)).toEqual(['from'])
  })

  test('tells of a source that cannot be removed, and both are there', async () => {
    const { engine, store } = bed()
    await engine.upload(SMALL, FROM)
    store.faults.add({ match: { operation: 'DeleteObject' }, fault: DENIED })
    const error = await failureOf(engine.copy(FROM, TO, { removeSource: true }))
    expect(error.code).toBe('ERR_SOURCE_NOT_REMOVED')
    expect(storedKeys(store)).toEqual(['from', 'to'])
  })

  test('refuses to move an object onto itself', async () => {
    const { engine, store } = bed()
    await engine.upload(SMALL, FROM)
    const options = { removeSource: true, metadata: { a: '1' } }
    expect((await failureOf(engine.copy(FROM, FROM, options))).code).toBe('ERR_OPTION_INVALID')
    expect(storedKeys(store)).toEqual(['from'])
  })

  test('moves a whole prefix, but for what fails', async () => {
    const { engine, store } = bed()
    for (const name of ['1', '2', '3']) await engine.upload(SMALL, `${FROM}/${name}`)
    store.faults.add({ match: { operation: 'CopyObject', key: 'to/2' }, fault: DENIED })
    const result = await engine.copyPrefix(FROM, TO, { removeSource: true })
    expect(result).toMatchObject({ copied: 2, moved: 2, failed: 1 })
    expect(storedKeys(store)).toEqual(['from/2', 'to/1', 'to/3'])
  })

  test('makes a migration empty its source, also of what was copied before', async () => {
    const { engine, store } = bed()
    for (const name of ['1', '2']) await engine.upload(SMALL, `${FROM}/${name}`)
    await engine.copy(`${FROM}/1`, `${TO}/1`)
    const jobDirectory = join(directory(), 'job')
    const result = await engine.migrate(FROM, TO, { jobDirectory, removeSource: true })
    expect(result).toMatchObject({ moved: 2, failed: 0 })
    expect(storedKeys(store)).toEqual(['to/1', 'to/2'])
  })
})
