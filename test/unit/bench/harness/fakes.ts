/** A site without a server, peers without a store, and a workload for them. */

import type { ObjectSet, Site } from '../../../../bench/harness/site.ts'
import type { Job } from '../../../../bench/peers/peer.ts'
import type { OwnPeer, Workload } from '../../../../bench/workloads/workload.ts'

export interface FakeSite extends Site {
  /** What it was told to do, in order. */
  readonly calls: string[]
  /** Message of the error with which the next verification ends. */
  wrong: string | undefined
}

export function fakeSite(): FakeSite {
  const calls: string[] = []
  const note =
    (what: string) =>
    async ({ key }: ObjectSet): Promise<void> => {
      calls.push(`${what} ${key}`)
    }
  let asked = 0
  return {
    calls,
    wrong: undefined,
    address: {
      endpoint: 'http://127.0.0.1:1',
      secureEndpoint: undefined,
      caFile: undefined,
      region: 'us-east-1',
      bucket: 'bench',
      credentials: { accessKeyId: 'TESTACCESSKEY', secretAccessKey: 'test-secret-key' },
    },
    receivedBy: 'By faith.',
    publish: note('publish'),
    forget: note('forget'),
    clear: note('clear'),
    async verifyReceived({ key }) {
      calls.push(`verify ${key}`)
      if (this.wrong !== undefined) throw new Error(this.wrong)
    },
    stats: async () => {
      asked += 1
      return { connections: asked, requests: 10 * asked, moves: 0, cpuSeconds: asked / 100 }
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** A peer that runs a few lines of Node; the job is `process.argv[1]`. */
export function fakePeer(name: string, program = '', changes: Partial<OwnPeer> = {}): OwnPeer {
  return {
    name,
    title: name,
    kind: 'library',
    settings: 'none',
    find: async () => '1.0.0',
    refuses: () => undefined,
    command: async (job: Job) => ({
      file: process.execPath,
      args: ['-e', program, JSON.stringify(job)],
    }),
    ...changes,
  }
}

export function fakeWorkload(changes: Partial<Workload> = {}): Workload {
  return {
    name: 'fake',
    group: 'large',
    operation: 'upload',
    secure: false,
    count: 1,
    size: 10,
    unit: 's/GiB',
    reference: 'other',
    title: () => 'A fake',
    scaledBy: 'size',
    hasVariants: true,
    ...changes,
  }
}
