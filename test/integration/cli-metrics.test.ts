/**
 * What `cp` shows to those who watch: `--metrics-port` while it works, `--stats` at its end.
 */

import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { parseExposition } from '../helpers/exposition.ts'
import { big, useCopyBed } from './cli-fixture.ts'

const bed = useCopyBed()
const { cp, stored } = bed

/** The address a command prints to standard error. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const url = /metrics at (http:\S+)\n/.exec(text)?.[1]
      if (url !== undefined) resolve(url)
    })
  })
}

describe('cp --metrics-port', () => {
  it('prints where metrics are, serves them while it works, and no longer', async () => {
    bed.store.faults.add({
      match: { operation: 'PutObject' },
      fault: { kind: 'delay', ms: 3000 },
      times: 1,
    })
    let scraped: Promise<string> | undefined
    let url = ''
    const outcome = await cp(['small.txt', 's3://test/watched', '--metrics-port', '0'], {
      during: (child) => {
        scraped = addressOf(child).then(async (found) => {
          url = found
          return (await fetch(found)).text()
        })
      },
    })
    expect(outcome.code).toBe(0)
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*\/metrics$/)
    const families = parseExposition((await scraped) ?? '')
    const name = 'transfer_engine_transfers_active'
    expect(families.get(name)?.samples.get(name)).toBeTypeOf('number')
    await expect(fetch(url)).rejects.toThrow()
  })

  it('says where in JSON too, on an address of choice', async () => {
    const flags = ['--json', '--metrics-port', '0', '--metrics-host', 'localhost']
    const { code, events } = await cp(['small.txt', 's3://test/watched', ...flags])
    expect(code).toBe(0)
    expect(events[0]).toMatchObject({
      event: 'metrics',
      url: expect.stringMatching(/^http:\/\/(127\.0\.0\.1|\[::1\]):\d+\/metrics$/) as string,
    })
  })

  it('that is taken ends the command before anything moves', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const port = String((other.address() as AddressInfo).port)
    try {
      const argv = ['small.txt', 's3://test/unmoved', '--metrics-port', port, '--stats']
      expect(await cp(argv)).toMatchObject({
        code: 2,
        out: '',
        err:
          `transfer-engine: ERR_OPTION_INVALID Port ${port} of 127.0.0.1 is taken.\n` +
          '  hint: Choose another --metrics-port; 0 takes a free one.\n',
      })
      expect(stored('unmoved')).toBeUndefined()
    } finally {
      other.close()
    }
  })

  it.each([
    [['--metrics-port', '65536'], /Expected --metrics-port to be a whole number/],
    [['--metrics-host', '::1'], /--metrics-host means nothing without --metrics-port/],
    [['--metrics-port', '0', '--metrics-host', '192.0.2.1'], /Cannot listen on 192\.0\.2\.1/],
  ])('and its companion are checked: %j', async (flags, message) => {
    const { code, err } = await cp(['small.txt', 's3://test/unmoved', ...flags])
    expect(code).toBe(2)
    expect(err).toMatch(message)
    expect(stored('unmoved')).toBeUndefined()
  })
})

describe('cp --stats', () => {
  it('sums up workers, connections, waits and retries at the end', async () => {
    const fault = { kind: 'answer', status: 503, code: 'SlowDown' } as const
    bed.store.faults.add({ match: { operation: 'UploadPart', partNumber: 1 }, fault, times: 1 })
    const argv = ['big.bin', 's3://test/stats', '--stats', '--workers', '1', '--part-size', '5MiB']
    const { code, out, err } = await cp(argv)
    expect({ code, out }).toEqual({ code: 0, out: '' })
    const lines = err.slice(err.indexOf('worker')).split('\n')
    expect(lines[0]).toMatch(/^worker +open +opened +reused +requests +failed +sent +received$/)
    const all = lines.find((line) => line.startsWith('all'))?.split(/ {2,}/)
    expect(all?.slice(4)).toEqual(['6', '1', expect.any(String), '0 B'])
    expect(lines.slice(4)).toEqual([
      expect.stringMatching(
        /^connections: [\d.]+ opened per 1,000 requests; closed 1 \(failed 1\)$/,
      ),
      expect.stringMatching(/^handshake: p50 [\d.]+ ms, p95 [\d.]+ ms, p99 [\d.]+ ms \(\d+\)$/),
      expect.stringMatching(/^wait for a connection: p50 [\d.]+ ms, .* \(6\)$/),
      'retries: 1 (ERR_THROTTLED 1)',
      '',
    ])
  })

  it('is the last event in JSON, after a failure too', async () => {
    const up = await cp(['big.bin', 's3://test/stats', '--json', '--stats'])
    const [result, stats] = up.events.slice(-2)
    expect(result).toMatchObject({ event: 'result', size: big.length })
    expect(stats).toMatchObject({
      event: 'stats',
      kinds: { upload: { submitted: 1, succeeded: 1 } },
      pool: { bytesSent: big.length, ...(result?.['connections'] as object) },
    })
    const failed = await cp(['s3://test/none', 'none.txt', '--json', '--stats'])
    expect(failed.code).toBe(1)
    expect(failed.events.slice(-2)).toMatchObject([
      { event: 'error' },
      { event: 'stats', failures: { byCode: { ERR_OBJECT_NOT_FOUND: 1 } } },
    ])
  })
})
