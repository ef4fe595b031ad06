/** Calls that not every store has: copies within the store, tags, GetObjectAttributes. */

import { encodeKey } from '../store/signing.ts'
import { formatSize } from '../units.ts'
import { finding, refusal, skipped, type Finding } from './findings.ts'
import type { Patient } from './patient.ts'
import type { RawAnswer } from './raw-client.ts'

const BODY = Buffer.from('to be copied')

export async function probeCalls(patient: Patient): Promise<readonly Finding[]> {
  const { scratch } = patient
  const source = await scratch.put('source', BODY)
  if (source.error !== undefined) return []
  return [
    await copy(patient),
    await partCopy(patient),
    await tagging(patient),
    await attributes(patient),
  ]
}

async function copy({ raw, scratch, settings }: Patient): Promise<Finding> {
  const answer = await scratch.noted('copy', (key) =>
    raw.send({
      method: 'PUT',
      key,
      headers: { 'x-amz-copy-source': sourceOf(raw.bucket, scratch.prefix) },
    }),
  )
  if (answer.error?.code === 'ERR_ACCESS_DENIED') {
    return refusal('copy', answer.error, 's3:GetObject and s3:PutObject', false)
  }
  const got = await raw.send({ method: 'GET', key: `${scratch.prefix}copy` })
  if (got.error?.code === 'ERR_ACCESS_DENIED') {
    return refusal('copy', got.error, 's3:GetObject', false)
  }
  const most = formatSize(settings.profile.habits.copyMax)
  return answer.error === undefined && got.body.equals(BODY)
    ? finding('copy', 'yes', 'good', `Objects up to ${most} can be copied within the store.`)
    : finding('copy', 'missing', 'note', 'There is no CopyObject.')
}

async function partCopy({ raw, scratch }: Patient): Promise<Finding> {
  const { uploadId } = await scratch.open('copied-part')
  if (uploadId === undefined) return skipped('part-copy', 'Uploads in parts are refused.')
  const query = [
    ['partNumber', '1'],
    ['uploadId', uploadId],
  ] as const
  const headers = { 'x-amz-copy-source': sourceOf(raw.bucket, scratch.prefix) }
  const answer = await raw.send({
    method: 'PUT',
    key: `${scratch.prefix}copied-part`,
    query,
    headers,
  })
  // The upload is aborted with everything else.
  return answer.error === undefined && answer.body.includes('<ETag>')
    ? finding('part-copy', 'yes', 'good', 'Parts can be copied within the store.')
    : finding(
        'part-copy',
        'missing',
        'note',
        'There is no UploadPartCopy: larger objects cannot be copied.',
      )
}

async function tagging({ raw, scratch }: Patient): Promise<Finding> {
  const put = await scratch.put('tagged', BODY, { headers: { 'x-amz-tagging': 'doctor=tag' } })
  if (put.error?.code === 'ERR_ACCESS_DENIED') {
    return refusal('tagging', put.error, 's3:PutObjectTagging', false)
  }
  if (put.error !== undefined) {
    return finding('tagging', 'refused', 'note', 'Uploads with tags are refused.')
  }
  const query = [['tagging', '']] as const
  const got = await raw.send({ method: 'GET', key: `${scratch.prefix}tagged`, query })
  if (got.error?.code === 'ERR_ACCESS_DENIED') {
    return refusal('tagging', got.error, 's3:GetObjectTagging', false)
  }
  return got.error === undefined && got.body.includes('<Key>doctor</Key>')
    ? finding('tagging', 'yes', 'good', 'Tags are kept.')
    : finding('tagging', 'ignored', 'note', 'Tags of uploads are thrown away.')
}

async function attributes({ raw, scratch }: Patient): Promise<Finding> {
  const answer = await raw.send({
    method: 'GET',
    key: `${scratch.prefix}source`,
    query: [['attributes', '']],
    headers: { 'x-amz-object-attributes': 'ETag,ObjectSize' },
  })
  if (answer.error?.code === 'ERR_ACCESS_DENIED') {
    return refusal('attributes', answer.error, 's3:GetObjectAttributes', false)
  }
  return isAttributes(answer)
    ? finding('attributes', 'yes', 'good', 'GetObjectAttributes is answered.')
    : finding('attributes', 'missing', 'note', 'There is no GetObjectAttributes.')
}

function isAttributes({ error, body }: RawAnswer): boolean {
  return error === undefined && body.includes('<GetObjectAttributesResponse')
}

function sourceOf(bucket: string, prefix: string): string {
  return `/${bucket}/${encodeKey(`${prefix}source`)}`
}
