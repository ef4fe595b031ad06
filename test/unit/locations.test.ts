import { describe, expect, it } from 'vitest'
import { destinationOf, objectAt, type ObjectLocation } from '../../src/locations.ts'

describe('objectAt', () => {
  it.each<[ObjectLocation, object]>([
    ['s3://bucket/dir/key', { bucket: 'bucket', key: 'dir/key' }],
    [
      { bucket: 'bucket', key: 'key' },
      { bucket: 'bucket', key: 'key' },
    ],
    [
      { bucket: 'bucket', key: 'a/', versionId: 'v' },
      { bucket: 'bucket', key: 'a/', versionId: 'v' },
    ],
  ])('understands %j', (location, object) => {
    expect(objectAt(location)).toMatchObject(object)
  })

  it.each([
    ['s3://bucket', 'ERR_URI_INVALID'],
    ['https://bucket/key', 'ERR_URI_INVALID'],
    [{ bucket: 'bucket' }, 'ERR_URI_INVALID'],
    [{ key: 'key' }, 'ERR_URI_INVALID'],
    [undefined, 'ERR_URI_INVALID'],
    [null, 'ERR_URI_INVALID'],
    [{ bucket: 'bucket', key: '' }, 'ERR_KEY_INVALID'],
    [{ bucket: 'bucket', key: 'x'.repeat(1025) }, 'ERR_KEY_INVALID'],
  ])('refuses %j', (location, code) => {
    expect(() => objectAt(location as ObjectLocation)).toThrow(expect.objectContaining({ code }))
  })
})

describe('destinationOf', () => {
  it.each<[ObjectLocation | undefined, string | undefined, string | undefined, string]>([
    [undefined, 'data/part-1.bin', 's3://b/prefix/', 'prefix/part-1.bin'],
    [undefined, 'data/part-1.bin', 's3://b', 'part-1.bin'],
    ['s3://b/other/', 'data/part-1.bin', 's3://ignored/', 'other/part-1.bin'],
    ['s3://b/name.tar', 'data/part-1.bin', undefined, 'name.tar'],
    [{ bucket: 'b', key: 'exactly/' }, 'data/part-1.bin', undefined, 'exactly/'],
    ['s3://b/stream', undefined, undefined, 'stream'],
    [undefined, undefined, 's3://b/stream', 'stream'],
  ])('%j for %j below %j is %s', (destination, path, target, key) => {
    expect(destinationOf(destination, path, target)).toMatchObject({ bucket: 'b', key })
  })

  it.each<[ObjectLocation | undefined, string | undefined, string | undefined, string]>([
    [undefined, 'file', undefined, 'ERR_OPTION_INVALID'],
    ['s3://b/prefix/', undefined, undefined, 'ERR_URI_INVALID'],
    [undefined, undefined, 's3://b/', 'ERR_URI_INVALID'],
    ['nonsense', 'file', undefined, 'ERR_URI_INVALID'],
  ])('%j for %j below %j is refused', (destination, path, target, code) => {
    expect(() => destinationOf(destination, path, target)).toThrow(
      expect.objectContaining({ code }),
    )
  })
})
