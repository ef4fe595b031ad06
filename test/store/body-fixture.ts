/** A server that only receives bodies, for the tests of body intake. */

import { createServer, request, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll } from 'vitest'
import { receiveBody, type ReceivedBody, type ReceiveOptions } from '../../src/local-store/body.ts'
import { S3Error } from '../../src/local-store/s3-error.ts'
import type { PayloadMode } from '../../src/local-store/sigv4.ts'

export const UNSIGNED: PayloadMode = { kind: 'unsigned' }
export const CRC = 'x-amz-checksum-crc32'

export interface Received {
  readonly code: string
  readonly body: ReceivedBody | undefined
  readonly written: Buffer
}

export type Settings = Partial<ReceiveOptions>

let server: Server
let handle: (req: IncomingMessage) => Promise<void>

/** Declares the hooks that start and stop the server of a test file. */
export function useBodyServer(): void {
  beforeAll(async () => {
    server = createServer((req, res) => {
      void handle(req).then(() => res.end())
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
  })

  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
}

/** Replaces what is done with the next request; gives the port. */
export function receiveWith(next: (req: IncomingMessage) => Promise<void>): number {
  handle = next
  return (server.address() as AddressInfo).port
}

/** Sends pieces with these headers and receives them with these settings. */
export async function send(
  headers: Record<string, string>,
  pieces: readonly Buffer[],
  settings: Settings = {},
): Promise<Received> {
  const written: Buffer[] = []
  const received = new Promise<Received>((resolve) => {
    handle = async (req) => {
      const options: ReceiveOptions = {
        payload: UNSIGNED,
        headers: req.headers as Record<string, string>,
        maxLength: 1 << 20,
        md5: false,
        compute: [],
        write: (chunk) => void written.push(Buffer.from(chunk)),
        ...settings,
      }
      try {
        const body = await receiveBody(req, options)
        resolve({ code: 'received', body, written: Buffer.concat(written) })
      } catch (error) {
        const code = error instanceof S3Error ? error.code : String(error)
        resolve({ code, body: undefined, written: Buffer.concat(written) })
      }
    }
  })
  const { port } = server.address() as AddressInfo
  const client = request({ port, host: '127.0.0.1', method: 'PUT', headers, agent: false })
  client.on('error', () => undefined)
  client.on('response', (res) => res.resume())
  for (const piece of pieces) {
    client.write(piece)
    await sleep(1)
  }
  client.end()
  return received
}

export function crc32Value(data: Buffer): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(data))
  return bytes.toString('base64')
}
