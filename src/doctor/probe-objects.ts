/** Whether objects are written, looked at and read as they should be, also in ranges. */

import { finding, refusal, skipped, type Finding } from './findings.ts'
import type { Patient } from './patient.ts'
import type { RawAnswer } from './raw-client.ts'

const BODY = Buffer.from('transfer-engine doctor: 0123456789\n')

/** An ETag no object has. */
const OTHER_ETAG = `"${'0'.repeat(32)}"`

/** Writes an object and reads it in every way the engine does. */
export async function probeObjects(patient: Patient): Promise<readonly Finding[]> {
  const { scratch } = patient
  const written = await scratch.put('object', BODY)
  if (written.error !== undefined) return [refusal('write', written.error, 's3:PutObject', true)]
  const isWhole = (bytes: Buffer): boolean => bytes.equals(BODY)
  return [
    finding('write', 'yes', 'good', 'Objects can be written.'),
    ...(await readings(patient, `${scratch.prefix}object`, isWhole)),
  ]
}

/** The same reads of the first object that is there, where nothing may be written. */
export async function probeExisting(patient: Patient): Promise<readonly Finding[]> {
  const { raw, prefix } = patient
  const query = [
    ['list-type', '2'],
    ['max-keys', '20'],
    ['prefix', prefix],
  ] as const
  const { body, error } = await raw.send({ method: 'GET', query })
  if (error !== undefined) return [skipped('read', 'Without a listing no object is known to read.')]
  const listed = body.toString('utf8').matchAll(/<Contents>.*?<\/Contents>/gs)
  for (const [entry] of listed) {
    const key = /<Key>([\w./ -]+)<\/Key>/.exec(entry)?.[1]
    const size = Number(/<Size>(\d+)<\/Size>/.exec(entry)?.[1])
    // Small, of a plain name, and long enough to be asked for in part.
    if (key !== undefined && size >= 8 && size <= 1024 * 1024) {
      return readings(patient, key, (bytes) => bytes.length === size)
    }
  }
  return [skipped('read', 'No small object is there that could be read.')]
}

async function readings(
  { raw }: Patient,
  key: string,
  isWhole: (bytes: Buffer) => boolean,
): Promise<Finding[]> {
  const head = await raw.send({ method: 'HEAD', key })
  const get = await raw.send({ method: 'GET', key })
  if (get.error !== undefined) return [refusal('read', get.error, 's3:GetObject', true)]
  if (!isWhole(get.body)) {
    return [finding('read', 'other-bytes', 'bad', 'What is read is not what was written.')]
  }
  const ranged = await raw.send({ method: 'GET', key, headers: { range: 'bytes=2-5' } })
  const pinned = await raw.send({ method: 'GET', key, headers: { 'if-match': OTHER_ETAG } })
  return [
    finding('read', 'yes', 'good', 'Objects can be read.'),
    headOf(head),
    rangeOf(ranged, get.body),
    pinOf(pinned),
  ]
}

function headOf({ error, headers }: RawAnswer): Finding {
  if (error !== undefined) return refusal('head', error, 's3:GetObject', true)
  if (headers['etag'] !== undefined && headers['content-length'] !== undefined) {
    return finding('head', 'yes', 'good', 'HEAD tells size and ETag.')
  }
  const meaning = 'HEAD does not tell size and ETag, without which nothing is proved.'
  return finding('head', 'incomplete', 'bad', meaning)
}

function rangeOf({ status, body, headers }: RawAnswer, whole: Buffer): Finding {
  const isRight = headers['content-range'] === `bytes 2-5/${whole.length}`
  if (status === 206 && isRight && body.equals(whole.subarray(2, 6))) {
    return finding('range', 'yes', 'good', 'Ranges are answered exactly: downloads go in parts.')
  }
  const meaning = 'A range is not answered as such: objects in parts cannot be downloaded.'
  return finding('range', status === 200 ? 'ignored' : 'wrong', 'bad', meaning)
}

function pinOf({ status }: RawAnswer): Finding {
  if (status === 412) {
    const meaning = 'A range of an object that changed is refused.'
    return finding('if-match-read', 'honoured', 'good', meaning)
  }
  const meaning =
    'If-Match on reads has no effect; the engine compares the ETag of every answer, and so notices.'
  return finding('if-match-read', status === 200 ? 'ignored' : 'refused', 'note', meaning)
}
