import { describe, expect, it } from 'vitest'
import { ownIdentity } from '../../../src/journal/process-identity.ts'
import { CoordinatorLock, LOCK_MS } from '../../../src/queue/coordinator-lock.ts'

/** A Redis with one key; `tick` is asked before each look, and may change it. */
function redis(holder: object | undefined, tick: (looks: number) => void = () => undefined) {
  const state = { value: holder && JSON.stringify(holder), left: LOCK_MS }
  let looks = 0
  const client = {
    set: async (_: string, value: string) => {
      if (state.value !== undefined) return null
      state.value = value
      return 'OK'
    },
    get: async () => state.value ?? null,
    pttl: async () => {
      looks += 1
      tick(looks)
      return state.left
    },
    eval: async (script: string, _: number, __: string, value: string) => {
      const isMine = state.value === value
      if (script.includes('PX')) {
        if (!isMine && state.value !== undefined) return 0
        state.value = value
        return 1
      }
      if (isMine) state.value = undefined
      return Number(isMine)
    },
  }
  return { state, client: client as never }
}

const own = ownIdentity()
const elsewhere = { ...own, host: 'elsewhere', token: 'a' }
const dead = { ...own, pid: 4_194_303, startedAt: '1', token: 'a' }
const { signal } = new AbortController()

describe('the lock of a coordinator', () => {
  it('is taken where there is none, renewed, and let go', async () => {
    const { client, state } = redis(undefined)
    const lock = await CoordinatorLock.take(client, 'key', signal)
    await lock.renew()
    await lock.release()
    expect(state.value).toBeUndefined()
  })

  it('of a process that died here is taken over at once', async () => {
    const { client, state } = redis(dead)
    await CoordinatorLock.take(client, 'key', signal)
    expect(state.value).toContain(`"pid":${process.pid}`)
  })

  it('of a process that lives here is refused at once', async () => {
    const { client } = redis({ ...own, token: 'a' })
    await expect(CoordinatorLock.take(client, 'key', signal)).rejects.toMatchObject({
      code: 'ERR_QUEUE_BUSY',
      message: expect.stringContaining('of this machine') as string,
    })
  })

  it('of another machine is refused once it is seen to be renewed', async () => {
    const { client, state } = redis(
      elsewhere,
      (looks) => (state.left = looks === 2 ? LOCK_MS : 5000),
    )
    await expect(CoordinatorLock.take(client, 'key', signal)).rejects.toMatchObject({
      code: 'ERR_QUEUE_BUSY',
      message: expect.stringContaining('of another machine') as string,
    })
  })

  it('of another machine that is silent is waited for', async () => {
    const { client, state } = redis(elsewhere, (looks) => {
      state.left = 1000 - looks * 500
      if (looks === 2) state.value = undefined
    })
    await CoordinatorLock.take(client, 'key', signal)
    expect(state.value).toContain(`"pid":${process.pid}`)
  })

  it('that Redis forgot is taken again, and one that another took meanwhile is told', async () => {
    const { client, state } = redis(undefined)
    const lock = await CoordinatorLock.take(client, 'key', signal)
    state.value = undefined
    await lock.renew()
    expect(state.value).toBeDefined()
    state.value = JSON.stringify(elsewhere)
    await expect(lock.renew()).rejects.toMatchObject({ code: 'ERR_QUEUE_BUSY' })
    await lock.release()
    expect(state.value).toBe(JSON.stringify(elsewhere))
  })
})
