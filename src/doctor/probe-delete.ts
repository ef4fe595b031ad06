/** Whether objects can be removed, one by one and many at once. */

import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { finding, refusal, type Finding } from './findings.ts'
import type { Patient } from './patient.ts'
import type { RawAnswer } from './raw-client.ts'

const BODY = Buffer.from('to be removed')

export async function probeDelete(patient: Patient): Promise<readonly Finding[]> {
  const { raw, scratch } = patient
  const { error } = await scratch.put('removed', BODY)
  if (error !== undefined) return []
  const [version] = scratch.versionsOf('removed')
  const query = version === undefined ? [] : ([['versionId', version]] as const)
  const removed = await raw.send({ method: 'DELETE', key: `${scratch.prefix}removed`, query })
  if (removed.error !== undefined) {
    const right = version === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion'
    return [refusal('delete', removed.error, right, true)]
  }
  return [finding('delete', 'yes', 'good', 'Objects can be removed.'), await together(patient)]
}

async function together({ raw, scratch }: Patient): Promise<Finding> {
  const names = ['removed-1', 'removed-2']
  for (const name of names) await scratch.put(name, BODY)
  const entries = names.map((name) => {
    const [version] = scratch.versionsOf(name)
    const id = version === undefined ? '' : `<VersionId>${version}</VersionId>`
    return `<Object><Key>${scratch.prefix}${name}</Key>${id}</Object>`
  })
  const body = Buffer.from(`<Delete>${entries.join('')}</Delete>`)
  const send = (headers: Readonly<Record<string, string>>): Promise<RawAnswer> =>
    raw.send({ method: 'POST', query: [['delete', '']], headers, body })
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(body))
  const answer = await send({ 'x-amz-checksum-crc32': checksum.toString('base64') })
  if (isDone(answer)) {
    return finding(
      'delete-objects',
      'yes',
      'good',
      'Up to 1,000 objects are removed by one request.',
    )
  }
  if (answer.error?.code === 'ERR_ACCESS_DENIED') {
    return refusal('delete-objects', answer.error, 's3:DeleteObject', true)
  }
  if (isDone(await send({ 'content-md5': hash('md5', body, 'base64') }))) {
    const meaning =
      'Removal of many at once wants Content-MD5, which the SDK does not send: the engine removes ' +
      'objects one by one.'
    return finding('delete-objects', 'needs-md5', 'note', meaning)
  }
  const meaning = 'There is no removal of many at once: the engine removes objects one by one.'
  return finding('delete-objects', 'missing', 'note', meaning)
}

function isDone({ error, body }: RawAnswer): boolean {
  return error === undefined && body.includes('<Deleted>') && !body.includes('<Error>')
}
