/**
 * Small requests over raw sockets: what JavaScript can do at best. Headers, CRC32 and signature
 * are those a store wants; the parser knows no more than answers with a Content-Length.
 */

import { createHmac, createSecretKey, hash } from 'node:crypto'
import { connect } from 'node:net'
import { crc32 } from '@node-rs/crc32'
import { bodyOf, checkBody, IN_FLIGHT, job, keys, measureRequests } from './request-loop.mjs'

const { endpoint, region, bucket, credentials, size, operation } = job
const { host, hostname, port } = new URL(endpoint)
const isPut = operation === 'upload'
const method = isPut ? 'PUT' : 'GET'
const SIGNED = isPut
  ? 'host;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date'
  : 'host;x-amz-content-sha256;x-amz-date'
const NO_BODY = hash('sha256', '')

/** Longest head, of a request or an answer. */
const HEAD_MAX = 4096

/** Texts that hold for a second, and the key that holds for a day. */
const time = { second: 0, stamp: '', scope: '', key: undefined }

function setTime() {
  const second = Math.floor(Date.now() / 1000)
  if (second === time.second) return
  time.second = second
  time.stamp = new Date(second * 1000).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const scope = `${time.stamp.slice(0, 8)}/${region}/s3/aws4_request`
  if (scope === time.scope) return
  time.scope = scope
  let key = `AWS4${credentials.secretAccessKey}`
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest()
  time.key = createSecretKey(key)
}

const crcBytes = Buffer.alloc(4)

/** The head of a request, signed. */
function headOf(index, body) {
  setTime()
  const { stamp, scope, key } = time
  const path = `/${bucket}/${keys[index]}`
  const payload = isPut ? hash('sha256', body) : NO_BODY
  let crcLine = ''
  if (isPut) {
    crcBytes.writeUInt32BE(crc32(body))
    crcLine = `x-amz-checksum-crc32:${crcBytes.toString('base64')}\n`
  }
  const common = `host:${host}\n${crcLine}x-amz-content-sha256:${payload}\nx-amz-date:${stamp}\n`
  const request = hash('sha256', `${method}\n${path}\n\n${common}\n${SIGNED}\n${payload}`)
  const signature = createHmac('sha256', key)
    .update(`AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${request}`)
    .digest('hex')
  const credential = `Credential=${credentials.accessKeyId}/${scope}`
  return (
    `${method} ${path} HTTP/1.1\r\n${common.replaceAll('\n', '\r\n')}` +
    (isPut ? `content-length:${size}\r\n` : '') +
    `authorization:AWS4-HMAC-SHA256 ${credential},SignedHeaders=${SIGNED},` +
    `Signature=${signature}\r\n\r\n`
  )
}

/** One connection, one request at a time. */
function lane() {
  const out = Buffer.allocUnsafe(HEAD_MAX + size)
  const answer = Buffer.allocUnsafe(HEAD_MAX + size)
  let length = 0
  let waiting
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  socket.on('data', (chunk) => {
    length += chunk.copy(answer, length)
    const head = answer.indexOf('\r\n\r\n')
    if (head < 0 || head + 4 > length) return
    const text = answer.latin1Slice(0, head)
    const announced = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0)
    const start = head + 4
    if (length < start + announced) return
    if (!text.startsWith('HTTP/1.1 200')) throw new Error(text)
    length = 0
    waiting(answer.subarray(start, start + announced))
  })
  const send = (index) =>
    new Promise((resolve) => {
      waiting = resolve
      const body = isPut ? bodyOf(index) : undefined
      const headLength = out.latin1Write(headOf(index, body), 0)
      const bodyLength = isPut ? body.copy(out, headLength) : 0
      socket.write(out.subarray(0, headLength + bodyLength))
    })
  return { send, end: () => socket.destroy() }
}

const lanes = Array.from({ length: IN_FLIGHT }, lane)
let checksum = 0

await measureRequests(async (index, number) => {
  const body = await lanes[number].send(index)
  if (isPut) return
  // Ours takes the checksum of what it receives, too.
  checksum ^= crc32(body)
  checkBody(index, body)
})
if (!Number.isInteger(checksum)) throw new Error('No checksum was taken')
for (const { end } of lanes) end()
