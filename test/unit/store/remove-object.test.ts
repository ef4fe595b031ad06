import { describe, expect, it } from 'vitest'
import { TransferError, type ErrorCode } from '../../../src/errors.ts'
import type { DeleteOptions, ObjectInfo, ObjectStore } from '../../../src/store/object-store.ts'
import { removeObject, type RemovingStore } from '../../../src/store/remove-object.ts'
import { failureOf } from '../../helpers/failure.ts'

const OBJECT = { bucket: 'b', key: 'k' }
const AWS = 'b.s3.eu-west-1.amazonaws.com'
const OTHER = 'store.test'

interface Scripted {
  readonly store: RemovingStore
  readonly calls: readonly string[]
}

/** A store whose HEADs and deletions answer in turn: an ETag, nothing, or a failure. */
function scripted(
  host: string,
  heads: readonly string[],
  deletions: readonly (ErrorCode | 'done')[],
): Scripted {
  const calls: string[] = []
  const [headsLeft, deletionsLeft] = [[...heads], [...deletions]]
  const next = (from: string[], what: string): string => {
    const answer = from.shift()
    if (answer === undefined) throw new Error(`no ${what} was expected`)
    return answer
  }
  const fail = (code: string): never => {
    throw new TransferError(code as ErrorCode, code)
  }
  const store = {
    route: () => Promise.resolve({ host }),
    head: async () => {
      calls.push('HEAD')
      const answer = await Promise.resolve(next(headsLeft, 'HEAD'))
      return answer.startsWith('ERR_') ? fail(answer) : ({ etag: answer } as ObjectInfo)
    },
    deleteObject: async (_: unknown, { ifMatch }: DeleteOptions = {}) => {
      calls.push(ifMatch === undefined ? 'DELETE' : `DELETE if ${ifMatch}`)
      const answer = await Promise.resolve(next(deletionsLeft, 'DELETE'))
      if (answer !== 'done') fail(answer)
    },
  } as unknown as Pick<ObjectStore, 'route' | 'head' | 'deleteObject'>
  return { store, calls }
}

describe('the removal of an object', () => {
  it.each([
    AWS,
    's3.eu-west-1.amazonaws.com',
    's3.dualstack.us-west-2.amazonaws.com',
    'b.s3.cn-north-1.amazonaws.com.cn',
    's3.amazonaws.com',
    'b.s3-accelerate.amazonaws.com',
  ])('is one request to %s, which compares the ETag itself', async (host) => {
    const { store, calls } = scripted(host, [], ['done'])
    await removeObject(store, OBJECT, '"e"')
    expect(calls).toEqual(['DELETE if "e"'])
  })

  it.each([
    OTHER,
    'amazonaws.com.test',
    'a-123.s3-accesspoint.eu-west-1.amazonaws.com',
    'a-123.op-1.s3-outposts.eu-west-1.amazonaws.com',
  ])('looks at the object first on %s', async (host) => {
    const { store, calls } = scripted(host, ['e'], ['done'])
    await removeObject(store, OBJECT, '"e"')
    expect(calls).toEqual(['HEAD', 'DELETE if "e"'])
  })

  it.each([
    ['by the look at it', OTHER, ['"f"'], [], ['HEAD']],
    ['by the store', AWS, ['"f"'], ['ERR_PRECONDITION_FAILED'], ['DELETE if "e"', 'HEAD']],
    ['as it is written', AWS, ['"f"'], ['ERR_CONFLICT'], ['DELETE if "e"', 'HEAD']],
    ['where no condition is known', AWS, ['"f"'], ['ERR_NOT_SUPPORTED'], ['DELETE if "e"', 'HEAD']],
  ] as const)('leaves another one alone, found %s', async (_, host, heads, deletions, asked) => {
    const { store, calls } = scripted(host, heads, deletions)
    const error = await failureOf(removeObject(store, OBJECT, '"e"'))
    expect(error).toMatchObject({ code: 'ERR_OBJECT_CHANGED', context: OBJECT })
    expect(calls).toEqual(asked)
  })

  it.each([
    ['before', OTHER, ['ERR_OBJECT_NOT_FOUND'], []],
    ['meanwhile', OTHER, ['"e"'], ['ERR_OBJECT_NOT_FOUND']],
    ['below a marker', AWS, ['ERR_OBJECT_NOT_FOUND'], ['ERR_PRECONDITION_FAILED']],
  ] as const)('counts when it is gone %s', async (_, host, heads, deletions) => {
    const { store } = scripted(host, heads, deletions)
    await expect(removeObject(store, OBJECT, '"e"')).resolves.toBeUndefined()
  })

  it('goes without a condition only behind a look, and where the store knows none', async () => {
    const { store, calls } = scripted(OTHER, ['"e"', '"e"'], ['ERR_NOT_SUPPORTED', 'done'])
    await removeObject(store, OBJECT, '"e"')
    expect(calls).toEqual(['HEAD', 'DELETE if "e"', 'HEAD', 'DELETE'])
  })

  it.each([
    ['ERR_ACCESS_DENIED', []],
    ['ERR_PRECONDITION_FAILED', ['"e"']],
  ] as const)('fails with %s of the store', async (code, heads) => {
    const { store } = scripted(AWS, heads, [code])
    expect(await failureOf(removeObject(store, OBJECT, '"e"'))).toMatchObject({ code })
  })
})
