import { describe, expect, it } from 'vitest'
import {
  attributesDigest,
  jobName,
  jobNameOf,
  jobOfFile,
  journalPath,
} from '../../../src/journal/job.ts'
import { DOWNLOAD, PLACE, UPLOAD } from './journal-fixture.ts'

describe('the name of a transfer', () => {
  const key = { direction: 'upload', place: PLACE, path: '/data/b.bin' } as const

  it('is the same for the same call, whatever the region is called', () => {
    expect(jobName(key)).toBe(jobNameOf(UPLOAD))
    const { region: _, ...place } = PLACE
    expect(jobName({ ...key, place })).toBe(jobName(key))
    expect(jobOfFile(journalPath('/state', jobName(key)).slice('/state/journals/'.length))).toBe(
      jobName(key),
    )
  })

  it('is another for anything else', () => {
    const names = [
      key,
      { ...key, direction: 'download' as const },
      { ...key, path: '/data/c.bin' },
      { ...key, place: { ...PLACE, endpoint: 'http://store.example:9000' } },
      { ...key, place: { ...PLACE, bucket: 'bucket2' } },
      { ...key, place: { ...PLACE, key: 'a' } },
      { ...key, place: { ...PLACE, versionId: 'v1' } },
      { ...key, place: { ...PLACE, bucket: 'bucke', key: `t${PLACE.key}` } },
    ].map(jobName)
    expect(new Set(names).size).toBe(names.length)
    expect(jobNameOf(DOWNLOAD)).toBe(jobName({ ...key, direction: 'download' }))
  })

  it.each(['x.journal', `${'a'.repeat(32)}.journal.new`, `${'a'.repeat(32)}.lock`, 'journal'])(
    'is not in the file %s',
    (name) => expect(jobOfFile(name)).toBeUndefined(),
  )
})

describe('the digest of attributes', () => {
  const attributes = { contentType: 'text/plain', metadata: { a: '1', b: '2' } }
  const digest = attributesDigest(attributes, false)

  it('does not depend on their order', () => {
    const other = { metadata: { b: '2', a: '1' }, contentType: 'text/plain' }
    expect(attributesDigest(other, false)).toBe(digest)
  })

  it('tells what Create fixes', () => {
    for (const change of [
      { contentType: 'text/html' },
      { metadata: { a: '1' } },
      { storageClass: 'STANDARD_IA' },
    ]) {
      expect(attributesDigest({ ...attributes, ...change }, false)).not.toBe(digest)
    }
    expect(attributesDigest(attributes, true)).not.toBe(digest)
  })

  it('leaves out conditions, which Complete carries, and which customer key it is', () => {
    expect(attributesDigest({ ...attributes, ifNoneMatch: '*' }, false)).toBe(digest)
    expect(attributesDigest({ sseCustomerKey: 'a'.repeat(44) }, true)).toBe(
      attributesDigest({ sseCustomerKey: 'b'.repeat(44) }, true),
    )
  })
})
