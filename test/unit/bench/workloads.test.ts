/** The list of workloads: names, peers, and titles that say what is moved. */

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { PEERS } from '../../../bench/peers/all.ts'
import type { Job } from '../../../bench/peers/peer.ts'
import { WORKLOADS } from '../../../bench/workloads/all.ts'

const ROOT = new URL('../../../', import.meta.url)

describe('workloads', () => {
  it('have names of their own that are good for files', () => {
    const names = WORKLOADS.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
  })

  it.each(WORKLOADS)('$name is divided by a peer that takes part', (workload) => {
    const { ownPeers = [], onlyOwn = false, reference } = workload
    const peers = [...(onlyOwn ? [] : PEERS), ...ownPeers]
    expect(peers.map(({ name }) => name)).toContain(reference)
  })

  it.each(WORKLOADS)('$name has us exactly once as we come', (workload) => {
    const { ownPeers = [], onlyOwn = false } = workload
    const peers = [...(onlyOwn ? [] : PEERS), ...ownPeers]
    const ours = peers.filter(({ kind }) => kind === 'ours').map(({ name }) => name)
    expect(ours.filter((name) => name === 'transfer-engine')).toHaveLength(1)
    expect(new Set(ours).size, 'others have names of their own').toBe(ours.length)
  })

  it.each(WORKLOADS)('$name can be done by its reference', (workload) => {
    const { operation, count, size, reference, secure, steps, takesPart } = workload
    const peers = [...PEERS, ...(workload.ownPeers ?? [])]
    const peer = peers.find(({ name }) => name === reference)
    const endpoint = `${secure ? 'https' : 'http'}://127.0.0.1:1`
    for (const step of steps ?? [{ count, size }]) {
      if (peer === undefined || takesPart?.(peer, step) === false) continue
      expect(peer.refuses({ operation, endpoint, ...step })).toBeUndefined()
    }
  })

  it('of one object can be told from those of many by their titles', () => {
    const titles = WORKLOADS.map(({ title, count, size }) => title({ count, size }))
    expect(new Set(titles).size).toBe(titles.length)
  })

  it('tell the size that flags gave them', () => {
    const download = WORKLOADS.find(({ name }) => name === 'download-4g')
    expect(download?.title({ count: 1, size: 64 * 1024 ** 2 })).toBe(
      'Download of one 64 MiB object',
    )
  })
})

describe('programs of the workloads', () => {
  const own = WORKLOADS.flatMap(({ ownPeers = [] }) => ownPeers)

  it.each(own)('of $title are there', async (peer) => {
    // Some look at the file that is to be moved.
    const { args } = await peer.command({ path: fileURLToPath(import.meta.url) } as Job, '')
    const programs = args.filter((each) => each.startsWith('bench/'))
    for (const program of programs) expect(existsSync(new URL(program, ROOT))).toBe(true)
    expect(await peer.find()).toMatch(/^\d/)
  })
})
