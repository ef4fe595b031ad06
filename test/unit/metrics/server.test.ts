import { createServer } from 'node:http'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { serveMetrics, type MetricsServer } from '../../../src/metrics/server.ts'

const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

async function serve(text: () => Promise<string>, port = 0): Promise<MetricsServer> {
  const server = await serveMetrics(text, { port })
  cleanUps.push(() => server.close())
  return server
}

const never = (): Promise<string> => new Promise(() => undefined)

describe('the metrics server', () => {
  it('listens on loopback, and answers with what the text is by then', async () => {
    let scrapes = 0
    const { url, port } = await serve(() => Promise.resolve(`scrape ${(scrapes += 1)}\n`))
    expect(url).toBe(`http://127.0.0.1:${port}/metrics`)
    const first = await fetch(url)
    expect(first.status).toBe(200)
    expect(first.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await first.text()).toBe('scrape 1\n')
    expect(await (await fetch(`${url}?name[]=x`)).text()).toBe('scrape 2\n')
  })

  it.each([
    ['GET', '/'],
    ['GET', '/metrics/'],
    ['GET', '/metrics%2f'],
    ['HEAD', '/metrics'],
    ['POST', '/metrics'],
    ['DELETE', '/metrics'],
  ])('has nothing for %s %s', async (method, path) => {
    const { url } = await serve(() => Promise.resolve('x\n'))
    const { status } = await fetch(new URL(path, url), { method })
    expect(status).toBe(404)
  })

  it('says 500, and nothing else, when there is no text', async () => {
    const { url } = await serve(() => Promise.reject(new Error('inner matters')))
    const answer = await fetch(url)
    expect([answer.status, await answer.text()]).toEqual([500, ''])
  })

  it('cuts what is under way when it is closed, and may be closed again', async () => {
    const server = await serve(never)
    const failing = new Promise<Error>((resolve) => {
      request(server.url).on('error', resolve).end()
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    await server.close()
    expect(await failing).toMatchObject({ code: 'ECONNRESET' })
    await server.close()
    await expect(fetch(server.url)).rejects.toThrow()
  })

  it('refuses a port that is taken, naming it', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    cleanUps.push(() => void other.close())
    const { port } = other.address() as AddressInfo
    await expect(serve(never, port)).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      message: `Port ${port} of 127.0.0.1 is taken`,
      context: { option: 'port' },
    })
  })

  it.each([
    [{ port: -1 }, 'port'],
    [{ port: 65_536 }, 'port'],
    [{ port: 1.5 }, 'port'],
    [{ port: '80' }, 'port'],
    [{ port: 0, host: '' }, 'host'],
    [{ port: 0, host: '192.0.2.1' }, 'host'],
    [{ port: 0, host: 5 }, 'host'],
  ])('refuses %o', async (options, option) => {
    const server = serveMetrics(never, options as { readonly port: number })
    await expect(server).rejects.toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option } })
  })
})
