import { describe, expect, it } from 'vitest'
import type { ObjectStore, UploadMarker } from '../../../src/store/object-store.ts'
import { uploadPages } from '../../../src/transfer/upload-pages.ts'
import { fakeStore } from './run-fixture.ts'

const PLACE = { bucket: 'bucket', key: 'a/' }

/** A store whose pages end at those markers, in turn. */
function storeWith(markers: readonly (UploadMarker | undefined)[]): {
  readonly store: ObjectStore
  readonly asked: (UploadMarker | undefined)[]
} {
  const asked: (UploadMarker | undefined)[] = []
  const { store } = fakeStore({
    listMultipartUploads: (bucket, { prefix, after }) => {
      expect([bucket, prefix]).toEqual(['bucket', 'a/'])
      const next = markers[asked.length]
      const upload = { key: `a/${asked.length}`, uploadId: 'u', initiatedAt: 1 }
      asked.push(after)
      return Promise.resolve({ uploads: [upload], next })
    },
  })
  return { store, asked }
}

async function keysOf(store: ObjectStore): Promise<string[]> {
  const keys: string[] = []
  for await (const page of uploadPages(store, PLACE, undefined)) {
    keys.push(...page.map(({ key }) => key))
  }
  return keys
}

const A = { key: 'a/0', uploadId: '1' }
const B = { key: 'a/0', uploadId: '2' }

describe('pages of uploads', () => {
  it('follow the markers to the end, within one key too', async () => {
    const { store, asked } = storeWith([A, B, undefined])
    expect(await keysOf(store)).toEqual(['a/0', 'a/1', 'a/2'])
    expect(asked).toEqual([undefined, A, B])
  })

  it.each([
    ['the same place', [A, A, A, A]],
    ['a circle', [A, B, A, B, A, B]],
  ])('do not follow a store into %s', async (_, markers) => {
    const { store, asked } = storeWith(markers)
    await expect(keysOf(store)).rejects.toMatchObject({ code: 'ERR_RESPONSE_INVALID' })
    expect(asked.length).toBeLessThan(4)
  })
})
