/**
 * What the store makes of checksums: each is sent once right and once wrong. A store that takes both looks
 * at neither; one that takes none must not be sent any.
 */

import { hash } from 'node:crypto'
import { loadChecksum, type ChecksumAlgorithm } from '../checksum/algorithms.ts'
import { checksumHeader, encodeDigest } from '../checksum/encoding.ts'
import { finding, skipped, type Finding, type ProbeName } from './findings.ts'
import type { Patient } from './patient.ts'

const BODY = Buffer.from('what this is the checksum of')
const OTHER = Buffer.from('something else')

const ALGORITHMS: readonly (readonly [ProbeName, ChecksumAlgorithm])[] = [
  ['checksum-crc32', 'CRC32'],
  ['checksum-crc32c', 'CRC32C'],
  ['checksum-crc64nvme', 'CRC64NVME'],
  ['checksum-sha256', 'SHA256'],
]

const MEANINGS = {
  verified: 'Bytes that changed on the way are refused.',
  unverified: 'It is kept with the object, but never compared with the bytes.',
  ignored: 'It is taken and thrown away: it proves nothing.',
  refused: 'Requests with it are refused.',
} as const

export async function probeChecksums(patient: Patient): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const [probe, algorithm] of ALGORITHMS) findings.push(await look(patient, probe, algorithm))
  findings.push(await contentMd5(patient), await payloadHash(patient))
  return findings
}

async function look(
  { scratch, raw }: Patient,
  probe: ProbeName,
  algorithm: ChecksumAlgorithm,
): Promise<Finding> {
  const header = checksumHeader(algorithm)
  const right = await scratch.put(probe, BODY, {
    headers: { [header]: await digestOf(algorithm, BODY) },
  })
  if (right.error?.code === 'ERR_ACCESS_DENIED') return skipped(probe, 'Nothing may be written.')
  if (right.error !== undefined) return finding(probe, 'refused', 'note', MEANINGS.refused)
  const key = scratch.prefix + probe
  const head = await raw.send({
    method: 'HEAD',
    key,
    headers: { 'x-amz-checksum-mode': 'ENABLED' },
  })
  const isKept = head.headers[header] !== undefined
  const wrong = await scratch.put(probe, BODY, {
    headers: { [header]: await digestOf(algorithm, OTHER) },
  })
  if (wrong.error !== undefined) {
    const kept = isKept ? 'It is kept, and told by HEAD.' : 'It is not told by HEAD.'
    return finding(probe, 'verified', 'good', `${MEANINGS.verified} ${kept}`)
  }
  const result = isKept ? 'unverified' : 'ignored'
  return finding(probe, result, 'note', MEANINGS[result])
}

async function contentMd5({ scratch }: Patient): Promise<Finding> {
  const value = hash('md5', OTHER, 'base64')
  const { error } = await scratch.put('content-md5', BODY, { headers: { 'content-md5': value } })
  if (error?.code === 'ERR_ACCESS_DENIED') return skipped('content-md5', 'Nothing may be written.')
  return error === undefined
    ? finding('content-md5', 'ignored', 'note', MEANINGS.ignored)
    : finding('content-md5', 'verified', 'good', MEANINGS.verified)
}

async function payloadHash({ scratch, raw }: Patient): Promise<Finding> {
  const { signing } = await raw.route()
  if (signing === undefined) return skipped('payload-hash', 'Requests are not signed.')
  const { error } = await scratch.put('payload-hash', BODY, {
    payloadHash: hash('sha256', OTHER, 'hex'),
  })
  if (error?.code === 'ERR_ACCESS_DENIED' && error.context.storeCode !== 'SignatureDoesNotMatch') {
    return skipped('payload-hash', 'Nothing may be written.')
  }
  if (error !== undefined) return finding('payload-hash', 'verified', 'good', MEANINGS.verified)
  const meaning = 'A body that is not the one that was signed is stored: over plain http, use TLS.'
  return finding('payload-hash', 'ignored', 'note', meaning)
}

async function digestOf(algorithm: ChecksumAlgorithm, bytes: Uint8Array): Promise<string> {
  const checksum = (await loadChecksum(algorithm))()
  checksum.update(bytes)
  return encodeDigest(checksum.digest())
}
