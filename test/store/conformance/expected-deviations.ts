/**
 * What each known store does otherwise, by the label of a run: case id to reason. A case listed
 * here must fail, a case not listed must pass; so a new deviation and a vanished one both show.
 * What real stores do otherwise lies in `test/real-stores/expected/`, and `npm run test:real` compares it.
 */

/** Title of the test of the table itself, which is no case. */
export const TABLE_TEST = 'the table of deviations names only cases that exist'

export type Deviations = Readonly<Record<string, string>>

const ALGORITHMS = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']

const NO_CHECKSUMS: Deviations = all('checksums are neither verified nor kept', [
  ...ALGORITHMS.flatMap((name) => [
    `sum.${name}.put-reject-wrong`,
    `sum.${name}.head-returns`,
    `sum.${name}.attributes`,
  ]),
  'sum.default-is-CRC64NVME',
  'sum.two-at-once-rejected',
  'sum.mpu.CRC32.COMPOSITE',
  'sum.mpu.CRC32.FULL_OBJECT',
  'sum.mpu.CRC32C.FULL_OBJECT',
  'sum.mpu.CRC64NVME.FULL_OBJECT',
  'sum.mpu.SHA256.COMPOSITE',
  'sum.mpu.part-reject-wrong',
  'sum.mpu.part-reject-other-algorithm',
  'sum.mpu.complete-reject-wrong-full',
  'sum.mpu.complete-reject-wrong-part',
  'sum.mpu.impossible-type-rejected',
  'sum.mpu.checksums-need-consecutive-parts',
  'sum.attributes.object-parts',
  'sum.algorithms-of-2026',
  'sdk-default.put-buffer',
  'sdk-default.mpu-stream(trailer)',
])

const NO_TRAILERS: Deviations = all('a body in aws-chunked framing is refused', [
  'sdk-default.put-stream(trailer)',
  'sdk-default.mpu-stream(trailer)',
  'trailer.accept-right',
  'trailer.reject-wrong',
  'trailer.reject-decoded-len',
])

const NO_PART_COPY: Deviations = all('UploadPartCopy is not implemented', [
  'upload-part-copy.whole',
  'upload-part-copy.range',
  'upload-part-copy.if-match',
])

export const EXPECTED_DEVIATIONS: Readonly<Record<string, Deviations>> = {
  local: {},
  'local:rgw16': {
    ...NO_CHECKSUMS,
    ...NO_TRAILERS,
    ...all('Complete answers an empty ETag', ['mpu.basic+etag']),
    ...all('Complete must name every part', ['mpu.subset-of-parts', 'mpu.parallel-32-parts']),
    ...all('conditions on Complete are ignored', [
      'cond.complete.if-none-match:*',
      'cond.complete.if-match',
    ]),
  },
  'local:swift': {
    ...NO_CHECKSUMS,
    ...NO_TRAILERS,
    ...all('DeleteObjects needs Content-MD5', ['delete-objects(multi)']),
    ...all('part numbers end at 1000', ['mpu.gaps(1,3,10000)']),
    ...all('conditions on PUT are not implemented', [
      'cond.put.if-none-match:*',
      'cond.put.if-match',
      'cond.put.race-has-one-winner',
    ]),
  },
  'local:minimal': {
    ...NO_CHECKSUMS,
    ...NO_PART_COPY,
    ...all('an ETag is not an MD5', [
      'put-get-head-delete',
      'empty-object',
      'mpu.basic+etag',
      'copy-object',
      'list.fields',
    ]),
    ...all('ListParts and ListMultipartUploads are not implemented', [
      'mpu.list-parts(+paging)',
      'mpu.list-uploads',
      'mpu.abort->NoSuchUpload',
      'truncated-part-not-stored',
    ]),
    ...all('a repeated Complete finds no upload', ['mpu.complete-twice']),
    ...all('If-Match on GET is ignored', ['cond.get.if-match', 'cond.get.range+if-match']),
  },
  'local:r2': all('all parts but the last have one size', ['mpu.gaps(1,3,10000)']),
  'local:rclone': {
    ...NO_PART_COPY,
    ...all('part numbers have no gaps', [
      'mpu.gaps(1,3,10000)',
      'mpu.subset-of-parts',
      'mpu.parallel-32-parts',
    ]),
  },
}

function all(reason: string, ids: readonly string[]): Deviations {
  return Object.fromEntries(ids.map((id) => [id, reason]))
}
