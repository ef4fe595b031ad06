import { createServer } from 'node:http'
import { request } from 'node:http'
import { connect, Server, type AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
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

  it('is not ended by a connection that could not be accepted', async () => {
    const listen = vi.spyOn(Server.prototype, 'listen')
    const { url } = await serve(() => Promise.resolve('x\n'))
    const [server] = listen.mock.contexts as Server[]
    listen.mockRestore()
    // As Node tells that the process has no descriptor left; the first could meet an old listener.
    for (let round = 0; round < 2; round += 1) server?.emit('error', new Error('accept EMFILE'))
    expect((await fetch(url)).status).toBe(200)
  })

  it('does not keep the process alive by a connection that somebody holds', async () => {
    const keepers = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
    const { port } = await serve(() => Promise.resolve('x\n'))
    const socket = connect(port, '127.0.0.1').unref()
    cleanUps.push(() => void socket.destroy())
    socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
    // Its answer says that the other end is there.
    await new Promise((resolve) => socket.once('data', resolve))
    // Those of other tests may be about to close.
    await vi.waitFor(() => expect(keepers()).toBe(0))
    expect(socket.destroyed, 'it still stands').toBe(false)
  })

  it('takes no more connections than a few', async () => {
    const { port } = await serve(() => Promise.resolve('x\n'))
    const sockets = Array.from({ length: 65 }, () => connect(port, '127.0.0.1'))
    cleanUps.push(() => sockets.forEach((socket) => socket.destroy()))
    const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    await Promise.race(closed)
    expect(sockets.filter((socket) => socket.closed)).toHaveLength(1)
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
    [{ port: 0, host: Object.create(null) }, 'host'],
  ])('refuses %o', async (options, option) => {
    const server = serveMetrics(never, options as { readonly port: number })
    await expect(server).rejects.toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option } })
  })
})
