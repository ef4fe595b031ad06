/** Connections: keep-alive, 100 Continue, many at once, addressing. */

import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import { bodyOf, conformanceCase, expectBytes, sampleBytes, type ConformanceCase } from './case.ts'

const BODY = sampleBytes(50_000)

export const CONNECTION_CASES: readonly ConformanceCase[] = [
  conformanceCase('expect-100-continue', async ({ raw, bucket, key }) => {
    const headers = { expect: '100-continue' }
    const answer = await raw.send({ method: 'PUT', bucket, key: key(), body: BODY, headers })
    expect([answer.status, answer.continued]).toEqual([200, true])
  }),
  conformanceCase('expect-100-refused-early', async ({ raw, bucket, key }) => {
    const answer = await raw.send({
      method: 'PUT',
      bucket: `${bucket}-missing`,
      key: key(),
      body: BODY,
      headers: { expect: '100-continue' },
    })
    expect([answer.status, answer.continued]).toEqual([404, false])
  }),
  conformanceCase('keep-alive', async ({ raw, bucket, key }) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    try {
      const object = { bucket, key: key(), agent }
      expect((await raw.send({ method: 'PUT', ...object, body: BODY })).reused).toBe(false)
      expect((await raw.send({ method: 'GET', ...object })).reused).toBe(true)
      expect((await raw.send({ method: 'GET', ...object, key: key() })).status).toBe(404)
      expect((await raw.send({ method: 'HEAD', ...object })).reused).toBe(true)
    } finally {
      agent.destroy()
    }
  }),
  conformanceCase('idle-timeout(s)', async ({ raw, bucket, key }) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    try {
      const object = { bucket, key: key(), agent }
      await raw.send({ method: 'PUT', ...object, body: BODY })
      await sleep(400)
      expect((await raw.send({ method: 'GET', ...object })).reused).toBe(true)
    } finally {
      agent.destroy()
    }
  }),
  conformanceCase('100-parallel-gets', async ({ client, bucket, key }) => {
    const object = { Bucket: bucket, Key: key() }
    await client.send(new PutObjectCommand({ ...object, Body: BODY }))
    const gets = Array.from({ length: 100 }, async () =>
      (await bodyOf(await client.send(new GetObjectCommand(object)))).equals(BODY),
    )
    expect((await Promise.all(gets)).every(Boolean)).toBe(true)
  }),
  conformanceCase('virtual-host-style', async ({ raw, target, bucket, key }) => {
    const { hostname } = new URL(target.endpoint)
    const isAddress = /^[\d.]+$|^\[/.test(hostname)
    const virtualHost = `${bucket}.${isAddress ? 'localhost' : hostname}`
    const object = { bucket, key: key(), virtualHost }
    expect((await raw.send({ method: 'PUT', ...object, body: BODY })).status).toBe(200)
    const { virtualHost: _, ...byPath } = object
    expectBytes((await raw.send({ method: 'GET', ...byPath })).body, BODY)
  }),
  conformanceCase('unknown-operation-refused', async ({ raw, bucket }) => {
    const answer = await raw.send({ method: 'GET', bucket, query: { 'no-such-thing': '' } })
    expect([200, 400, 501]).toContain(answer.status)
    const acl = await raw.send({ method: 'PATCH', bucket })
    expect([400, 405, 501]).toContain(acl.status)
  }),
]
