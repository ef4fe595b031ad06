import { channel } from 'node:diagnostics_channel'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { EventHub, type TransferEvents } from '../../src/events.ts'

const TRANSFER = { id: 1, kind: 'upload' as const, bucket: 'b', key: 'k', path: undefined }
const END: TransferEvents['end'] = { transfer: TRANSFER, elapsedMs: 5, error: undefined }

afterEach(() => {
  vi.restoreAllMocks()
})

describe('EventHub', () => {
  it('tells every listener of its event, and only of that', () => {
    const events = new EventHub()
    const heard: string[] = []
    events.on('end', () => heard.push('first'))
    events.on('end', () => heard.push('second'))
    events.on('start', () => heard.push('start'))
    events.emit('end', END)
    expect(heard).toEqual(['first', 'second'])
  })

  it('tells a listener once, however often it was added, and never after it left', () => {
    const events = new EventHub()
    let count = 0
    const listener = (): void => void (count += 1)
    events.on('end', listener)
    events.on('end', listener)
    events.emit('end', END)
    events.off('end', listener)
    events.off('start', listener)
    events.emit('end', END)
    expect(count).toBe(1)
  })

  it('is not harmed by a listener that throws, and warns once', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const events = new EventHub()
    const heard: number[] = []
    events.on('end', () => {
      throw new Error('the listener broke')
    })
    events.on('end', ({ elapsedMs }) => heard.push(elapsedMs))
    events.emit('end', END)
    events.emit('end', END)
    expect(heard).toEqual([5, 5])
    expect(warn.mock.calls).toEqual([
      ['A listener threw: the listener broke', { type: 'TransferEngineWarning' }],
    ])
  })

  it('publishes the same on a diagnostics channel, and knows whether anybody hears', () => {
    const events = new EventHub()
    const published: unknown[] = []
    const subscriber = (message: unknown): void => void published.push(message)
    expect(events.hears('end')).toBe(false)
    channel('transfer-engine:end').subscribe(subscriber)
    expect(events.hears('end')).toBe(true)
    events.emit('end', END)
    channel('transfer-engine:end').unsubscribe(subscriber)
    expect(events.hears('end')).toBe(false)
    expect(published).toEqual([END])
    events.on('end', subscriber)
    expect(events.hears('end')).toBe(true)
  })
})
