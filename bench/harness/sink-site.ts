/** The benchmark's own server: content out of nothing, and a checksum of whatever arrives. */

import { crcOf, nameOf } from '../server/content.ts'
import type { ReceivedObject } from '../server/catalog.ts'
import type { ReceivedAnswer } from '../server/control.ts'
import { ServerLink } from './server-link.ts'
import type { ObjectSet, Site, SiteStats } from './site.ts'

/** The server runs in a process of its own, until the site is disposed of. */
export async function startSinkSite(): Promise<Site> {
  const link = await ServerLink.start()
  return {
    address: link.address,
    receivedBy:
      'The server computes the CRC32 of every byte that arrives, and it is compared with that of ' +
      'the content expected.',
    publish: async ({ key, count, size }, modifiedMs) => {
      await link.ask('publish', { prefix: key, count, size, modifiedMs })
    },
    verifyReceived: async (objects) => {
      const answer = await link.ask<ReceivedAnswer>('received', { prefix: objects.key })
      checkReceived(objects, answer.objects)
    },
    forget: async ({ key }) => {
      await link.ask('forget', { prefix: key })
    },
    clear: async ({ key }) => {
      await link.ask('clear', { prefix: key })
    },
    stats: () => link.ask<SiteStats>('stats'),
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  }
}

/** @throws Error naming the first difference between what was to arrive and what did. */
export function checkReceived(
  { key, count, size }: ObjectSet,
  received: readonly ReceivedObject[],
): void {
  const found = new Map(received.map((object) => [object.key, object]))
  for (let index = 0; index < count; index += 1) {
    const name = count === 1 ? key : `${key}${nameOf(index)}`
    const object = found.get(name)
    found.delete(name)
    if (object === undefined) throw new Error(`${name} has not arrived`)
    if (object.size !== size) throw new Error(`${name} has ${object.size} bytes instead of ${size}`)
    if (object.crc32 !== crcOf(name, size)) throw new Error(`${name} arrived with wrong bytes`)
  }
  for (const name of found.keys()) throw new Error(`${name} arrived, which nobody asked for`)
}
