import { channel } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { EventHub } from '../../../src/events.ts'
import type { PoolEvent } from '../../../src/pool/pool-event.ts'
import { PoolFeed } from '../../../src/pool/pool-feed.ts'
import { SharedState, WorkerState } from '../../../src/pool/shared-state.ts'

const EVENT: PoolEvent = {
  type: 'close',
  workerId: 3,
  origin: 'http://a',
  reason: 'idle',
  elapsedMs: 5,
  open: 0,
  busy: 0,
  idle: 0,
  waiting: 0,
}

function makeFeed(): { events: EventHub; feed: PoolFeed; state: WorkerState } {
  const shared = new SharedState(2)
  const state = new WorkerState(shared.buffer, 2, 3)
  const events = new EventHub()
  return { events, feed: new PoolFeed(shared, events), state }
}

describe('the feed of pool events', () => {
  it('asks workers for them exactly while somebody listens', () => {
    const { events, state } = makeFeed()
    const listener = (): void => undefined
    expect(state.wantsPoolEvents).toBe(false)
    events.on('end', listener)
    expect(state.wantsPoolEvents).toBe(false)
    events.on('pool', listener)
    expect(state.wantsPoolEvents).toBe(true)
    events.off('pool', listener)
    expect(state.wantsPoolEvents).toBe(false)
    expect(new WorkerState(new SharedState(1).buffer, 1, 4).wantsPoolEvents).toBe(false)
  })

  it('notices a subscriber to the channel when it looks, and that it left when events come', () => {
    const { feed, state } = makeFeed()
    const heard: unknown[] = []
    const subscriber = (event: unknown): unknown => heard.push(event)
    channel('transfer-engine:pool').subscribe(subscriber)
    feed.refresh()
    expect(state.wantsPoolEvents).toBe(true)
    feed.tell([EVENT])
    channel('transfer-engine:pool').unsubscribe(subscriber)
    expect(state.wantsPoolEvents).toBe(true)
    feed.tell([EVENT])
    expect(state.wantsPoolEvents).toBe(false)
    expect(heard).toEqual([EVENT])
  })
})
