/** What the checksums of an upload cost by themselves, as floors of that upload. */

import { ownPeer, programPath } from './own-program.ts'
import type { OwnPeer } from './workload.ts'

export const CHECKSUM_FLOORS: readonly OwnPeer[] = [
  floor('crc32', 'CRC32 alone', 'what every part is sent with'),
  floor('sha256', 'SHA-256 alone', 'what a request over plain http is signed with'),
]

function floor(name: string, title: string, purpose: string): OwnPeer {
  return ownPeer({
    name,
    title,
    kind: 'floor',
    settings: `a Node program that hashes as many bytes of memory, ${purpose}`,
    movesNothing: true,
    args: ({ count, size }) => [programPath('hash.mjs'), name, String(count * size)],
  })
}
