/** Open sockets and files of this process, so that a test can tell what was left open. */

import { readdir, readlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'

/** How long sockets may take to go after everything was closed. Milliseconds. */
const SETTLE_MS = 3000

/** Open sockets and files by what they are, how many of each; nothing outside Linux. */
export async function descriptors(): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  const names = process.platform === 'linux' ? await readdir('/proc/self/fd') : []
  for (const name of names) {
    const target = await readlink(`/proc/self/fd/${name}`).catch(() => '')
    // Pipes, epoll and event descriptors belong to Node itself and come and go with threads.
    const kind = target.startsWith('socket:') ? 'socket' : target
    if (kind !== 'socket' && !kind.startsWith(tmpdir())) continue
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return counts
}

/** What is open now and was not before, once there has been time to close it. */
export async function leftOpen(before: ReadonlyMap<string, number>): Promise<string[]> {
  const end = Date.now() + SETTLE_MS
  for (;;) {
    const left: string[] = []
    for (const [kind, count] of await descriptors()) {
      const more = count - (before.get(kind) ?? 0)
      if (more > 0) left.push(`${more} × ${kind}`)
    }
    if (left.length === 0 || Date.now() > end) return left
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
