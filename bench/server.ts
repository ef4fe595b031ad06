/** Starts the store of the benchmark as a child process, asks it what it did, and ends it. */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { siblingScript } from './sibling-script.ts'
import type { ServerStats, StoreAddress } from './server-process.ts'

export interface BenchServer extends StoreAddress, AsyncDisposable {
  stats(): Promise<ServerStats>
}

export async function startServer(): Promise<BenchServer> {
  const child = fork(siblingScript('server-process'), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  const reply = async (): Promise<unknown> => {
    const answer: unknown[] | undefined = await Promise.race([
      once(child, 'message'),
      exited.then(() => undefined),
    ])
    if (answer === undefined) throw new Error('The store of the benchmark has ended')
    return answer[0]
  }
  const address = (await reply()) as StoreAddress
  return {
    ...address,
    stats: async () => {
      const answer = reply()
      child.send('stats')
      return (await answer) as ServerStats
    },
    [Symbol.asyncDispose]: async () => {
      if (child.connected) child.disconnect()
      await exited
    },
  }
}
