import { describe, expect, it } from 'vitest'
import { TransferError } from '../../../src/errors.ts'
import { PartWindow } from '../../../src/transfer/part-window.ts'
import { makeRun } from './run-fixture.ts'

function deferred(): { promise: Promise<void>; resolve: () => void; reject: (e: Error) => void } {
  let resolve: () => void = () => undefined
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<void>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

describe('PartWindow', () => {
  it('has room for `maxInFlight` parts', async () => {
    const { run } = makeRun({ tuning: { maxInFlight: 2 } })
    const window = new PartWindow(run, 'GetObject')
    const parts = [deferred(), deferred()]
    for (const { promise } of parts) {
      await window.room()
      window.add(promise)
    }
    let hasRoom = false
    const room = window.room().then(() => (hasRoom = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(hasRoom).toBe(false)
    parts[1]?.resolve()
    await room
    parts[0]?.resolve()
    await window.drained()
  })

  it('has room for fewer where the transfer wants fewer', async () => {
    const { run } = makeRun({ tuning: { maxInFlight: 2 } })
    const window = new PartWindow(run, 'UploadPart', 1)
    const part = deferred()
    window.add(part.promise)
    let hasRoom = false
    const room = window.room().then(() => (hasRoom = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(hasRoom).toBe(false)
    part.resolve()
    await room
  })

  it('starts twice the parts that may be in flight, and no hundreds of them', async () => {
    const { run } = makeRun()
    const window = new PartWindow(run, 'GetObject')
    let hasRoom = true
    let started = 0
    const last = deferred()
    while (started < 300 && hasRoom) {
      hasRoom = await Promise.race([
        window.room().then(() => true),
        new Promise<boolean>((resolve) => setImmediate(() => resolve(false))),
      ])
      if (!hasRoom) break
      window.add(last.promise)
      started += 1
    }
    expect(started).toBe(32)
    last.resolve()
    await window.drained()
  })

  it('stops the run at the first failure, and waits for the others', async () => {
    const { run, executor } = makeRun()
    const window = new PartWindow(run, 'GetObject')
    const [first, second] = [deferred(), deferred()]
    window.add(first.promise)
    window.add(second.promise)
    first.reject(new TransferError('ERR_ACCESS_DENIED', 'no'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(executor.cancelled).toEqual([1])
    await expect(window.room()).rejects.toMatchObject({ code: 'ERR_ACCESS_DENIED' })
    let isOver = false
    const drained = window.drained().finally(() => (isOver = true))
    drained.catch(() => undefined)
    await new Promise((resolve) => setImmediate(resolve))
    expect(isOver).toBe(false)
    second.reject(new Error('a later failure'))
    await expect(drained).rejects.toMatchObject({ code: 'ERR_ACCESS_DENIED' })
  })
})
