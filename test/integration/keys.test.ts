import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { testBytes } from '../helpers/test-bytes.ts'
import {
  BUCKET,
  fileBytes,
  MiB,
  readAll,
  sharedBed,
  storedBytes,
  storedKeys,
} from '../helpers/test-bed.ts'

const KEYS = [
  '..',
  '.',
  '../up',
  'a/../b',
  'a/./b',
  '/',
  '/leading',
  '//',
  'double//slash///',
  'a%2Fb',
  'a%252Fb',
  '100%',
  'one+two',
  ' ',
  ' outer blanks ',
  'a b',
  'what?is=this#that',
  "&=;:@$,!*'()~",
  '\\back\\slash|"<>^`{}[]',
  'smile-😀-🇩🇪',
  'e\u0301 and \u00e9',
  '\u202ereversed',
  'tab\there',
  'line\nfeed\r',
  '\u0001\u001f\u007f',
  'x'.repeat(1024),
  'ü'.repeat(512),
] as const

describe.each([2, 0])('with %i workers', (workers) => {
  const bed = sharedBed({ engine: { workers } })

  test.each(KEYS.map((key) => [JSON.stringify(key).slice(0, 40), key]))(
    'the key %s arrives byte for byte and is found again',
    async (_, key) => {
      const { engine, store, path } = bed()
      const bytes = Buffer.from(`content of ${key}`)
      const up = await engine.upload(bytes, { bucket: BUCKET, key })
      expect(up.object.key).toBe(key)
      expect(storedKeys(store)).toEqual([key])
      await engine.download({ bucket: BUCKET, key }, path('copy'))
      expect(await fileBytes(path('copy'))).toEqual(bytes)
      expect(await readAll(engine.read({ bucket: BUCKET, key }))).toEqual(bytes)
      store.reset()
    },
  )
})

describe('in parts', () => {
  const bed = sharedBed()
  // No control characters: XML 1.0 cannot carry them, so the SDK cannot read the answer to Create.
  const keys = KEYS.filter((key) => !/\p{Cc}/u.test(key))

  test.each(keys.map((key) => [JSON.stringify(key).slice(0, 40), key]))(
    'the key %s arrives byte for byte',
    async (_, key) => {
      const { engine, store } = bed()
      const bytes = testBytes(10 * MiB)
      await engine.upload(bytes, { bucket: BUCKET, key })
      expect(storedKeys(store)).toEqual([key])
      expect(storedBytes(store, key).equals(bytes)).toBe(true)
      store.reset()
    },
  )
})

describe('a key in a URI', () => {
  const bed = sharedBed()

  test('is taken as it stands: nothing in it is decoded', async () => {
    const { engine, sdk, store } = bed()
    await engine.upload(Buffer.from('x'), `s3://${BUCKET}/a%2Fb?c#d+e f`)
    expect(storedKeys(store)).toEqual(['a%2Fb?c#d+e f'])
    const head = await sdk.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'a%2Fb?c#d+e f' }))
    expect(head.ContentLength).toBe(1)
  })
})
