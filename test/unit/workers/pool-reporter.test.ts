import { afterEach, describe, expect, it } from 'vitest'
import type { PoolEvent } from '../../../src/pool/pool-event.ts'
import { SharedState, WorkerState } from '../../../src/pool/shared-state.ts'
import { PoolReporter } from '../../../workers/pool-reporter.ts'
import { answer, startRawServer, type RawServer } from '../../helpers/raw-server.ts'
import { getOnce, makePool, until } from './pool-fixture.ts'

const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

async function serve(): Promise<RawServer> {
  const server = await startRawServer({
    onRequest: ({ socket }) => socket.write(answer('200 OK', {}, 'x')),
  })
  cleanUps.push(() => server.close())
  return server
}

function typesOf(events: readonly PoolEvent[]): string[] {
  return events.map(({ type }) => type)
}

/** The turn in which events are posted has begun. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

describe('a pool that is listened to', () => {
  it('tells of a connection and of a wait, in their order and with what was open', async () => {
    const { origin } = await serve()
    const fixture = makePool(origin, { maxConnections: 1 })
    const { pool, events, listen } = fixture
    listen(true)
    const first = await pool.acquire()
    const second = pool.acquire()
    await first.settled
    await new Promise((resolve) => setTimeout(resolve, 20))
    pool.release(first, true)
    pool.release(await second, false, 'aborted')
    await until(() => events.length === 5, 'all five have come')
    expect(typesOf(events)).toEqual(['open', 'wait', 'ready', 'waited', 'close'])
    const [open, wait, ready, waited, close] = events
    const nothing = { workerId: 1, origin, reason: undefined, busy: 0, idle: 0 }
    expect(open).toEqual({ ...nothing, type: 'open', elapsedMs: undefined, open: 1, waiting: 0 })
    expect(wait).toEqual({ ...nothing, type: 'wait', elapsedMs: undefined, open: 1, waiting: 1 })
    expect(ready).toMatchObject({ ...nothing, open: 1, waiting: 1 })
    expect(ready?.elapsedMs).toBeGreaterThan(0)
    expect(waited).toMatchObject({ ...nothing, open: 1, waiting: 0 })
    expect(waited?.elapsedMs).toBeGreaterThanOrEqual(19)
    expect(close).toMatchObject({ ...nothing, reason: 'aborted', open: 0, waiting: 0 })
    expect(close?.elapsedMs).toBeGreaterThanOrEqual(19)
  })

  it('tells of what was closed and never stood', async () => {
    const server = await serve()
    const { origin } = server
    await server.close()
    const { pool, events, listen } = makePool(origin)
    listen(true)
    await expect(getOnce(pool)).rejects.toThrow()
    await until(() => events.length === 2, 'both have come')
    expect(events).toMatchObject([{ type: 'open' }, { type: 'close', reason: 'failed', open: 0 }])
  })

  it('gathers nothing before somebody listens, nor after', async () => {
    const { pool, events, listen } = makePool((await serve()).origin)
    await getOnce(pool)
    listen(true)
    pool.close()
    listen(false)
    await getOnce(makePool((await serve()).origin).pool)
    await turn()
    expect(typesOf(events)).toEqual(['close'])
  })
})

describe('the reporter', () => {
  it('posts the events of one turn together, or at once when told to', async () => {
    const shared = new SharedState(1)
    shared.wantPoolEvents(true)
    const posted: (readonly PoolEvent[])[] = []
    const state = new WorkerState(shared.buffer, 1, 7)
    const reporter = new PoolReporter(7, state, (events) => posted.push(events))
    reporter.report('open', 'http://a')
    reporter.report('ready', 'http://a', 5)
    expect(posted).toEqual([])
    await turn()
    expect(posted.map(typesOf)).toEqual([['open', 'ready']])
    reporter.report('close', 'http://a', 9, 'shutdown')
    reporter.flush()
    expect(posted.map(typesOf)).toEqual([['open', 'ready'], ['close']])
    await turn()
    expect(posted, 'each once').toHaveLength(2)
  })
})
