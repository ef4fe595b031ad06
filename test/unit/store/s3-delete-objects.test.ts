import { describe, expect, it } from 'vitest'
import { failureOf } from '../../helpers/failure.ts'
import { useScriptedStore } from './http-script.ts'

const scripted = useScriptedStore()

const answer = (inside: string): { readonly body: string } => ({
  body: `<DeleteResult>${inside}</DeleteResult>`,
})

describe('deleteObjects', () => {
  it('tells which are still there, and why', async () => {
    scripted.script.answer(
      answer(`<Deleted><Key>a</Key></Deleted>
<Error><Key>b&amp;c</Key><Code>AccessDenied</Code><Message>no</Message></Error>
<Error><Key>d</Key><Code>InternalError</Code></Error>
<Error><Key>e</Key><Code>NobodyKnows</Code><Message>odd</Message></Error>`),
    )
    const failures = await scripted.store.deleteObjects('bucket', ['a', 'b&c', 'd', 'e'])
    const told = [...failures].map(([key, { code, retryable }]) => [key, code, retryable])
    expect(told).toEqual([
      ['b&c', 'ERR_ACCESS_DENIED', false],
      ['d', 'ERR_STORE_UNAVAILABLE', true],
      ['e', 'ERR_REQUEST_REFUSED', false],
    ])
    expect(failures.get('b&c')?.message).toContain('no')
    expect(scripted.script.requests).toMatchObject([{ method: 'POST' }])
  })

  it('says who pays and whose the bucket must be, in either request', async () => {
    scripted.script.answer({ status: 204 }, answer('<Deleted><Key>a</Key></Deleted>'))
    const attributes = { requestPayer: 'requester', expectedBucketOwner: '123456789012' } as const
    await scripted.store.deleteObjects('bucket', ['\u0001', 'a'], { attributes })
    const said = {
      'x-amz-request-payer': 'requester',
      'x-amz-expected-bucket-owner': '123456789012',
    }
    expect(scripted.script.requests).toMatchObject([{ headers: said }, { headers: said }])
  })

  it('removes one by one what XML cannot name', async () => {
    scripted.script.answer({ status: 204 }, answer('<Deleted><Key>a</Key></Deleted>'))
    expect(await scripted.store.deleteObjects('bucket', ['\u0001', 'a'])).toEqual(new Map())
    expect(scripted.script.requests.map(({ method }) => method)).toEqual(['DELETE', 'POST'])
    expect(scripted.script.requests[0]?.url).toContain('%01')
  })

  it.each([
    ['that is empty', { body: '' }],
    ['of a proxy', { body: '<html>sign in</html>' }],
    ['that is cut off', { body: '<DeleteResult><Deleted><Key>a</Key></Deleted>' }],
    ['that leaves one out', answer('<Deleted><Key>a</Key></Deleted>')],
    ['about others', answer('<Deleted><Key>x</Key></Deleted><Deleted><Key>y</Key></Deleted>')],
  ])('does not believe an answer %s', async (_, body) => {
    scripted.script.answer(body)
    const error = await failureOf(scripted.store.deleteObjects('bucket', ['a', 'b']))
    expect(error.code).toBe('ERR_RESPONSE_INVALID')
  })
})

describe('deleteObject', () => {
  it('says which version of the object is meant, who pays and whose the bucket must be', async () => {
    scripted.script.answer({ status: 204 })
    const attributes = { requestPayer: 'requester', expectedBucketOwner: '123456789012' } as const
    const object = { bucket: 'bucket', key: 'a b' }
    await scripted.store.deleteObject(object, { attributes, ifMatch: '"e"' })
    expect(scripted.script.requests).toMatchObject([
      {
        method: 'DELETE',
        url: expect.stringContaining('/a%20b') as string,
        headers: {
          'if-match': '"e"',
          'x-amz-request-payer': 'requester',
          'x-amz-expected-bucket-owner': '123456789012',
        },
      },
    ])
  })

  it.each([
    [404, 'NoSuchKey', 'ERR_OBJECT_NOT_FOUND'],
    [412, 'PreconditionFailed', 'ERR_PRECONDITION_FAILED'],
    [409, 'ConditionalRequestConflict', 'ERR_CONFLICT'],
    [501, 'NotImplemented', 'ERR_NOT_SUPPORTED'],
    [403, 'AccessDenied', 'ERR_ACCESS_DENIED'],
  ])('fails after %i %s with %s', async (status, storeCode, code) => {
    scripted.script.answer({ status, body: `<Error><Code>${storeCode}</Code></Error>` })
    const deletion = scripted.store.deleteObject({ bucket: 'bucket', key: 'k' })
    expect(await failureOf(deletion)).toMatchObject({ code })
  })
})
