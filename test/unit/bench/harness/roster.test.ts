/** Who takes part. */

import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findPeers, peersOf } from '../../../../bench/harness/roster.ts'
import type { Command, Job } from '../../../../bench/peers/peer.ts'
import { fakePeer, fakeWorkload } from './fakes.ts'

const STEPS = [{ count: 1, size: 10 }]
const COMMON = [fakePeer('ours', '', { kind: 'ours' }), fakePeer('other')]
const CHECKOUT = { ref: 'v1', version: '1.0.0 (abc)', root: '/checkout' }

function names(...args: Parameters<typeof peersOf>): string[] {
  return peersOf(...args).map(({ name }) => name)
}

describe('peers of a workload', () => {
  const own = fakePeer('own')

  it('are the common ones and its own, or its own alone', () => {
    const ownPeers = [own]
    const all = fakeWorkload({ ownPeers })
    const alone = fakeWorkload({ ownPeers, onlyOwn: true })
    expect(names(all, STEPS, COMMON, undefined, undefined)).toEqual(['ours', 'other', 'own'])
    expect(names(alone, STEPS, COMMON, undefined, undefined)).toEqual(['own'])
  })

  it('are those that were chosen', () => {
    expect(names(fakeWorkload(), STEPS, COMMON, ['other'], undefined)).toEqual(['other'])
  })

  it('of a task are those that can do it, as they do it', async () => {
    const sync = { settings: 'synced', command: async () => ({ file: 'sync', args: [] }) }
    const able = fakePeer('able', '', { tasks: { sync }, refuses: () => 'no copies' })
    const peers = peersOf(
      fakeWorkload({ task: 'sync' }),
      STEPS,
      [able, fakePeer('other')],
      undefined,
      undefined,
    )
    const job = { operation: 'upload', endpoint: 'http://127.0.0.1:1', count: 2, size: 1 } as const
    const { present, absent } = await findPeers(peers, [job])
    expect(present.map(({ peer }) => [peer.name, peer.settings])).toEqual([['able', 'synced']])
    expect(await present[0]?.peer.command({} as Job, '')).toMatchObject({ file: 'sync' })
    expect(absent).toEqual([{ name: 'other', reason: 'has no sync of its own' }])
  })

  it('are those with a part in at least one step', () => {
    const workload = fakeWorkload({
      takesPart: ({ name }, { size }) => name === 'ours' || size < 5,
    })
    const small = [{ count: 1, size: 1 }, ...STEPS]
    expect(names(workload, STEPS, COMMON, undefined, undefined)).toEqual(['ours'])
    expect(names(workload, small, COMMON, undefined, undefined)).toEqual(['ours', 'other'])
  })
})

describe('another checkout', () => {
  it('is ours once more, under the name of its ref', async () => {
    const peers = peersOf(fakeWorkload(), STEPS, COMMON, undefined, CHECKOUT)
    expect(peers.map(({ name }) => name)).toEqual(['ours', 'ours@v1', 'other'])
    expect(await peers[1]?.find()).toBe('1.0.0 (abc)')
  })

  it('runs the same program with its own engine', async () => {
    const command: Command = {
      file: 'node',
      args: ['bench/peers/programs/ours.mjs', 'dist/src/cli/main.cjs', '{"path":"dist"}'],
      env: { A: 'b' },
    }
    const ours = fakePeer('ours', '', { kind: 'ours', command: async () => command })
    const [, other] = peersOf(fakeWorkload(), STEPS, [ours], undefined, CHECKOUT)
    expect(await other?.command({} as Job, '')).toEqual({
      file: 'node',
      args: [
        'bench/peers/programs/ours.mjs',
        resolve('/checkout/dist/src/cli/main.cjs'),
        '{"path":"dist"}',
      ],
      env: { A: 'b', ENGINE_ENTRY: resolve('/checkout/dist/src/index.js') },
    })
  })
})

describe('looking for peers', () => {
  const job = { operation: 'read', endpoint: 'http://store.test', count: 1, size: 10 } as const

  it('finds versions, and says who is absent', async () => {
    const missing = fakePeer('missing', '', { find: async () => undefined })
    const { present, absent } = await findPeers([fakePeer('here'), missing], [job])
    expect(present.map(({ peer, version }) => [peer.name, version])).toEqual([['here', '1.0.0']])
    expect(absent).toEqual([{ name: 'missing', reason: 'not found on this machine' }])
  })

  it('takes the word of a peer that cannot do one of the steps, and does not look for it', async () => {
    let asked = 0
    const unable = fakePeer('unable', '', {
      refuses: ({ size }) => (size > 10 ? 'too large' : undefined),
      find: async () => {
        asked += 1
        return '1'
      },
    })
    const { present, absent } = await findPeers([unable], [job, { ...job, size: 11 }])
    expect(present).toEqual([])
    expect(absent).toEqual([{ name: 'unable', reason: 'too large' }])
    expect(asked).toBe(0)
  })

  it('asks each program once for its version', async () => {
    let asked = 0
    const slow = fakePeer('slow', '', {
      find: async () => {
        asked += 1
        return '1'
      },
    })
    await findPeers([slow], [job])
    await findPeers([slow], [job])
    expect(asked).toBe(1)
  })
})
