/** Runs in turn: who comes when, what is verified, and what becomes of a peer that fails. */

import { describe, expect, it } from 'vitest'
import { runStep, turnsOf, type Failure } from '../../../../bench/harness/interleave.ts'
import type { Sample } from '../../../../bench/result.ts'
import type { OwnPeer, Workload } from '../../../../bench/workloads/workload.ts'
import { useTemporaryDirectory } from '../../../helpers/temporary-directory.ts'
import { fakePeer, fakeSite, fakeWorkload, type FakeSite } from './fakes.ts'

const directory = useTemporaryDirectory()

interface Ran {
  readonly samples: Sample[]
  readonly failures: Failure[]
  readonly site: FakeSite
}

async function run(
  peers: readonly OwnPeer[],
  workload: Workload = fakeWorkload(),
  site: FakeSite = fakeSite(),
  runs = 1,
): Promise<Ran> {
  const failures: Failure[] = []
  const samples = await runStep({
    workload,
    step: workload,
    peers,
    variants: ['equal'],
    runs,
    site,
    directory: directory(),
    signal: new AbortController().signal,
    onSample: () => undefined,
    onFailure: (failure) => failures.push(failure),
  })
  return { samples, failures, site }
}

describe('turns', () => {
  const peers = [fakePeer('a'), fakePeer('b'), fakePeer('floor', '', { kind: 'floor' })]
  const workload = fakeWorkload()

  it('go round, so that no peer has a busy moment for itself', () => {
    const turns = turnsOf({ workload, step: workload, peers, variants: ['equal'], runs: 2 })
    expect(turns.map(({ run, peer }) => `${peer.name}${run}`)).toEqual([
      'a1',
      'b1',
      'floor1',
      'a2',
      'b2',
      'floor2',
    ])
  })

  it('come once more with the own settings of those that have some', () => {
    const turns = turnsOf({
      workload,
      step: workload,
      peers,
      variants: ['equal', 'default'],
      runs: 1,
    })
    expect(turns.map(({ variant, peer }) => `${peer.name} ${variant}`)).toEqual([
      'a equal',
      'b equal',
      'floor equal',
      'a default',
      'b default',
    ])
  })

  it('leave out who takes no part in a step', () => {
    const small = fakeWorkload({ takesPart: ({ name }, { size }) => name === 'a' || size < 5 })
    const names = (size: number): string[] =>
      turnsOf({
        workload: small,
        step: { count: 1, size },
        peers,
        variants: ['equal'],
        runs: 1,
      }).map(({ peer }) => peer.name)
    expect(names(10)).toEqual(['a'])
    expect(names(4)).toEqual(['a', 'b', 'floor'])
  })
})

describe('a run', () => {
  it('starts from nothing and is verified before it counts', async () => {
    const { samples, site } = await run([fakePeer('a')])
    expect(samples).toHaveLength(1)
    expect(site.calls).toEqual(['forget fake.bin', 'verify fake.bin', 'forget fake.bin'])
  })

  it('knows connections, requests and CPU time of the server from before and after', async () => {
    const [sample] = (await run([fakePeer('a')])).samples
    expect(sample).toMatchObject({ connections: 1, requests: 10, peer: 'a', variant: 'equal' })
    expect(sample?.serverCpuSeconds).toBeCloseTo(0.01)
  })

  it('gives the peer a file that holds the content of the key', async () => {
    const program = `
      const { path, size, key } = JSON.parse(process.argv[1])
      const bytes = require('node:fs').readFileSync(path)
      if (bytes.length !== size || key !== 'fake.bin') throw new Error('wrong file')`
    expect((await run([fakePeer('a', program)])).failures).toEqual([])
  })

  it('in which nothing arrived at the target fails', async () => {
    const { failures, site } = await run([fakePeer('a')], fakeWorkload({ operation: 'download' }))
    expect(site.calls[0]).toBe('publish fake.bin')
    expect(failures[0]?.error.message).toMatch(/nothing was downloaded/)
  })

  it('in which another byte arrived at the target fails', async () => {
    const program = `
      const { path, size } = JSON.parse(process.argv[1])
      require('node:fs').writeFileSync(path, Buffer.alloc(size))`
    const { failures } = await run(
      [fakePeer('a', program)],
      fakeWorkload({ operation: 'download' }),
    )
    expect(failures[0]?.error.message).toMatch(/differs/)
  })
})

describe('a peer that fails', () => {
  it('has no numbers, and takes no further part; the others do', async () => {
    const failing = fakePeer('a', 'process.exit(1)')
    const { samples, failures } = await run([failing, fakePeer('b')], undefined, undefined, 2)
    expect(samples.map(({ peer }) => peer)).toEqual(['b', 'b'])
    expect(failures.map(({ peer, run }) => [peer, run])).toEqual([['a', 1]])
  })

  it('loses the numbers of its good runs, too', async () => {
    const site = fakeSite()
    const peer = fakePeer('a', '', {
      // The second time.
      command: async () => {
        if (site.calls.filter((call) => call.startsWith('verify')).length === 1) {
          site.wrong = 'wrong bytes'
        }
        return { file: process.execPath, args: ['-e', '0'] }
      },
    })
    const { samples, failures } = await run([peer], undefined, site, 3)
    expect(samples).toEqual([])
    expect(failures).toHaveLength(1)
    expect(failures[0]).toMatchObject({ run: 2, error: { message: 'wrong bytes' } })
  })
})

describe('a sample', () => {
  it('is the mean of several processes where one is too short', async () => {
    const { samples, site } = await run([fakePeer('a')], fakeWorkload({ processes: 3 }))
    expect(samples).toHaveLength(1)
    expect(samples[0]?.connections).toBe(1)
    expect(site.calls.filter((call) => call.startsWith('verify'))).toHaveLength(3)
  })

  it('is what the program says where only its requests count', async () => {
    const line = '{"userMicrosPerRequest":30,"systemMicrosPerRequest":10}'
    const timed = fakeWorkload({ timedByProgram: true, count: 1000, unit: 'µs/object' })
    const [sample] = (await run([fakePeer('a', `console.log(${JSON.stringify(line)})`)], timed))
      .samples
    expect(sample).toMatchObject({ userSeconds: 0.03, systemSeconds: 0.01 })
  })

  it('is refused when the program does not say it', async () => {
    const timed = fakeWorkload({ timedByProgram: true, count: 1000 })
    const { failures } = await run([fakePeer('a', 'console.log("{}")')], timed)
    expect(failures[0]?.error.message).toMatch(/did not say/)
  })
})
