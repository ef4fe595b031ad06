/**
 * Uploads in parts, as the engine makes them, and with parts of different sizes, which it never sends.
 */

import { hash } from 'node:crypto'
import { loadChecksum } from '../checksum/algorithms.ts'
import { encodeDigest } from '../checksum/encoding.ts'
import { finding, refusal, skipped, type Finding } from './findings.ts'
import type { Patient } from './patient.ts'
import type { RawAnswer } from './raw-client.ts'

/** More than the smallest part, so that the second may be shorter and large enough. */
const FIRST_EXTRA = 1024
const LAST = 100

interface SentPart {
  readonly partNumber: number
  readonly etag: string
  readonly bytes: Buffer
}

interface Sent {
  readonly parts: readonly SentPart[]
  /** The first that was not taken; none was sent after it. */
  readonly refused?: RawAnswer
}

export async function probeMultipart(patient: Patient): Promise<readonly Finding[]> {
  const { partSizeMin } = patient.settings.profile.limits
  return [
    ...(await equalParts(patient, partSizeMin)),
    await unequalParts(patient, partSizeMin),
    ...(await endings(patient)),
  ]
}

/** Two parts, completed with a wrong checksum of the whole, which must fail, and then a right one. */
async function equalParts(patient: Patient, size: number): Promise<Finding[]> {
  const name = 'in-parts'
  const parts = [Buffer.alloc(size, 'a'), Buffer.alloc(LAST, 'b')]
  const whole = Buffer.concat(parts)
  const asked = { 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': 'FULL_OBJECT' }
  let opened = await patient.scratch.open(name, asked)
  const takesChecksums = opened.uploadId !== undefined
  if (!takesChecksums) opened = await patient.scratch.open(name)
  const { uploadId, answer } = opened
  if (uploadId === undefined) return [failed(answer, 's3:PutObject')]
  const { parts: sent, refused } = await sendParts(patient, name, uploadId, parts, takesChecksums)
  if (refused !== undefined) return [failed(refused, 's3:PutObject')]
  let checksum = 'refused'
  if (takesChecksums) {
    const wrong = await complete(patient, name, uploadId, sent, { crc32: await crc32Of('other') })
    checksum = wrong.error === undefined ? 'ignored' : 'verified'
  }
  const crc32 = takesChecksums ? await crc32Of(whole) : undefined
  const done =
    checksum === 'ignored' ? undefined : await complete(patient, name, uploadId, sent, { crc32 })
  if (done?.error !== undefined) return [failed(done, 's3:PutObject')]
  patient.scratch.closed(uploadId)
  const key = patient.scratch.prefix + name
  const { headers, error } = await patient.raw.send({ method: 'HEAD', key })
  const works = finding('multipart', 'yes', 'good', 'Uploads in parts work.')
  if (error?.code === 'ERR_ACCESS_DENIED') {
    const etag = skipped('multipart-etag', 'Nothing may be read.')
    return [works, etag, wholeChecksum(checksum)]
  }
  if (headers['content-length'] !== String(whole.length)) {
    const meaning = 'An upload in parts did not become the object it should be.'
    return [finding('multipart', 'wrong', 'bad', meaning)]
  }
  return [works, etagOf(headers['etag'], parts), wholeChecksum(checksum)]
}

async function unequalParts(patient: Patient, size: number): Promise<Finding> {
  const name = 'unequal'
  const { uploadId } = await patient.scratch.open(name)
  if (uploadId === undefined) return skipped('unequal-parts', 'Uploads in parts are refused.')
  const bytes = [size + FIRST_EXTRA, size, LAST].map((length) => Buffer.alloc(length, 'u'))
  const sent = await sendParts(patient, name, uploadId, bytes)
  const answer = sent.refused ?? (await complete(patient, name, uploadId, sent.parts, {}))
  if (answer.error === undefined) {
    patient.scratch.closed(uploadId)
    return finding('unequal-parts', 'yes', 'good', 'Parts may have different sizes.')
  }
  const meaning =
    'All parts but the last must have the same size. Those of the engine have; uploads of other ' +
    'tools cannot be gone on with in another part size.'
  return finding('unequal-parts', 'refused', 'note', meaning)
}

/** ListParts, Abort, and whether the upload is gone then; and the list of open uploads. */
async function endings({ scratch, raw }: Patient): Promise<Finding[]> {
  const name = 'aborted'
  const key = scratch.prefix + name
  const { uploadId } = await scratch.open(name)
  if (uploadId === undefined) return []
  const query = [['uploadId', uploadId]] as const
  const partQuery = [['partNumber', '1'], ...query] as const
  await raw.send({ method: 'PUT', key, query: partQuery, body: Buffer.from('part') })
  const listed = await raw.send({ method: 'GET', key, query })
  const uploads = await raw.send({
    method: 'GET',
    query: [
      ['uploads', ''],
      ['prefix', key],
    ],
  })
  const aborted = await raw.send({ method: 'DELETE', key, query })
  const findings = [listPartsOf(listed), listUploadsOf(uploads, uploadId)]
  if (aborted.error !== undefined) {
    return [...findings, refusal('abort', aborted.error, 's3:AbortMultipartUpload', true)]
  }
  scratch.closed(uploadId)
  return [...findings, finding('abort', 'yes', 'good', 'Uploads can be aborted.')]
}

function listPartsOf({ error, body }: RawAnswer): Finding {
  if (error?.code === 'ERR_ACCESS_DENIED') {
    return refusal('list-parts', error, 's3:ListMultipartUploadParts', false)
  }
  if (error === undefined && body.includes('<PartNumber>1</PartNumber>')) {
    const meaning = 'A resume can ask which parts are there.'
    return finding('list-parts', 'yes', 'good', meaning)
  }
  const meaning = 'Parts are not listed: a resume believes its journal alone, and cleanup less.'
  return finding('list-parts', 'missing', 'note', meaning)
}

function listUploadsOf({ error, body }: RawAnswer, uploadId: string): Finding {
  if (error?.code === 'ERR_ACCESS_DENIED') {
    return refusal('list-uploads', error, 's3:ListBucketMultipartUploads', false)
  }
  return error === undefined && body.includes(uploadId)
    ? finding('list-uploads', 'yes', 'good', 'Open uploads are listed, for cleanup --any.')
    : finding('list-uploads', 'missing', 'note', 'Open uploads are not listed: no cleanup --any.')
}

async function sendParts(
  { raw, scratch }: Patient,
  name: string,
  uploadId: string,
  parts: readonly Buffer[],
  isChecked = false,
): Promise<Sent> {
  const sent: SentPart[] = []
  for (const [index, bytes] of parts.entries()) {
    const partNumber = index + 1
    const query = [
      ['partNumber', String(partNumber)],
      ['uploadId', uploadId],
    ] as const
    const headers = isChecked ? { 'x-amz-checksum-crc32': await crc32Of(bytes) } : {}
    const key = scratch.prefix + name
    const answer = await raw.send({ method: 'PUT', key, query, headers, body: bytes })
    if (answer.error !== undefined) return { parts: sent, refused: answer }
    sent.push({ partNumber, etag: answer.headers['etag'] ?? '', bytes })
  }
  return { parts: sent }
}

async function complete(
  { raw, scratch }: Patient,
  name: string,
  uploadId: string,
  parts: readonly SentPart[],
  { crc32 }: { readonly crc32?: string | undefined },
): Promise<RawAnswer> {
  const lines = await Promise.all(
    parts.map(async ({ partNumber, etag, bytes }) => {
      const sum =
        crc32 === undefined ? '' : `<ChecksumCRC32>${await crc32Of(bytes)}</ChecksumCRC32>`
      const tag = etag.replaceAll('"', '&quot;')
      return `<Part><PartNumber>${partNumber}</PartNumber><ETag>${tag}</ETag>${sum}</Part>`
    }),
  )
  const body = Buffer.from(`<CompleteMultipartUpload>${lines.join('')}</CompleteMultipartUpload>`)
  const checksum =
    crc32 === undefined
      ? undefined
      : { 'x-amz-checksum-crc32': crc32, 'x-amz-checksum-type': 'FULL_OBJECT' }
  const query = [['uploadId', uploadId]] as const
  return scratch.noted(name, (key) =>
    raw.send({ method: 'POST', key, query, body, headers: checksum }),
  )
}

function etagOf(etag: string | undefined, parts: readonly Buffer[]): Finding {
  const md5s = parts.map((part) => hash('md5', part, 'buffer'))
  const expected = `"${hash('md5', Buffer.concat(md5s), 'hex')}-${parts.length}"`
  return etag === expected
    ? finding(
        'multipart-etag',
        'md5-of-parts',
        'good',
        'The ETag is the MD5 of the MD5s of the parts.',
      )
    : finding(
        'multipart-etag',
        'opaque',
        'note',
        'The ETag of an object in parts says nothing of its bytes.',
      )
}

function wholeChecksum(result: string): Finding {
  if (result === 'verified') {
    const meaning = 'A Complete with a wrong checksum of the whole object is refused.'
    return finding('multipart-checksum', result, 'good', meaning)
  }
  const meaning =
    result === 'ignored'
      ? 'The checksum of the whole object has no effect at Complete: parts are proved one by one at best.'
      : 'An upload in parts with a checksum of the whole object is refused.'
  return finding('multipart-checksum', result, 'note', meaning)
}

function failed({ error, status }: RawAnswer, right: string): Finding {
  if (error !== undefined) return refusal('multipart', error, right, true)
  return finding('multipart', 'failed', 'bad', `The answer, ${status}, has no upload id.`)
}

async function crc32Of(bytes: Uint8Array | string): Promise<string> {
  const checksum = (await loadChecksum('CRC32'))()
  checksum.update(typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
  return encodeDigest(checksum.digest())
}
