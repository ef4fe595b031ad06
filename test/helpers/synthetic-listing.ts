/** A store that lists any number of empty objects, of which it keeps none, and answers nothing else. */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const PAGE = 1000
const FILES_PER_DIRECTORY = 1000

/** What all objects say of their time. */
const MODIFIED = new Date('2024-01-01T00:00:00.000Z')

/** The name of an object below the prefix; names are in the order of their numbers. */
export function listedName(index: number): string {
  const directory = String(Math.floor(index / FILES_PER_DIRECTORY)).padStart(5, '0')
  return `directory-${directory}/file-${String(index).padStart(8, '0')}.bin`
}

export interface SyntheticListing extends AsyncDisposable {
  readonly endpoint: string
  /** Listing requests so far. */
  readonly pages: number
}

/** Every prefix that ends in `/` has the same `count` objects below it. */
export async function startSyntheticListing(count: number): Promise<SyntheticListing> {
  let pages = 0
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { searchParams: query } = new URL(request.url ?? '', 'http://listing')
    if (request.method !== 'GET' || query.get('list-type') !== '2') {
      response.writeHead(501).end()
      return
    }
    pages += 1
    response.writeHead(200, { 'content-type': 'application/xml' }).end(pageOf(query, count))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get pages() {
      return pages
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function pageOf(query: URLSearchParams, count: number): string {
  const prefix = query.get('prefix') ?? ''
  const token = query.get('continuation-token')
  const startAfter = query.get('start-after')
  const first = token === null ? firstBehind(prefix, startAfter ?? '', count) : Number(token)
  const end = Math.min(count, first + PAGE)
  const contents: string[] = []
  for (let index = first; index < end; index += 1) {
    contents.push(
      `<Contents><Key>${prefix}${listedName(index)}</Key>` +
        `<LastModified>${MODIFIED.toISOString()}</LastModified>` +
        '<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>0</Size>' +
        '<StorageClass>STANDARD</StorageClass></Contents>',
    )
  }
  const next = end < count ? `<NextContinuationToken>${end}</NextContinuationToken>` : ''
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
    `<Name>bucket</Name><Prefix>${prefix}</Prefix><KeyCount>${contents.length}</KeyCount>` +
    `<MaxKeys>${PAGE}</MaxKeys><IsTruncated>${next !== ''}</IsTruncated>${next}` +
    `${contents.join('')}</ListBucketResult>`
  )
}

/** Number of the first object whose key comes behind a place. */
function firstBehind(prefix: string, place: string, count: number): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >> 1
    if (prefix + listedName(middle) > place) high = middle
    else low = middle + 1
  }
  return low
}
