import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { TreeAction } from '../../../src/tree/outcome.ts'
import { runActions } from '../../../src/tree/run-actions.ts'
import { LOOK_AHEAD, StartOrder } from '../../../src/tree/start-order.ts'

const KiB = 1024
const SMALL = 4 * KiB
const LARGE = 4096 * KiB
const TRANSFERS = 16

const action = (
  name: string,
  size: number,
  operation: TreeAction['operation'] = 'upload',
): TreeAction => ({ operation, name, key: name, path: undefined, size, reason: 'copy' })

const many = (count: number, size: number, prefix = 'n'): TreeAction[] =>
  Array.from({ length: count }, (_, n) => action(`${prefix}${n}`, size))

async function* planOf(actions: Iterable<TreeAction>): AsyncGenerator<TreeAction> {
  for (const each of actions) yield await Promise.resolve(each)
}

/** Time that passes when nothing is to be done any more. */
class VirtualClock {
  now = 0
  readonly #waiting: { readonly at: number; readonly wake: () => void }[] = []

  sleep(time: number): Promise<void> {
    return new Promise((wake) => this.#waiting.push({ at: this.now + time, wake }))
  }

  /** Lets time pass until this has ended. */
  async until(end: Promise<unknown>): Promise<void> {
    let isOver = false
    const over = end.finally(() => (isOver = true))
    for (;;) {
      await nextTurn()
      if (isOver) break
      this.#waiting.sort((a, b) => a.at - b.at)
      const next = this.#waiting.shift()
      if (next === undefined) continue
      this.now = next.at
      next.wake()
    }
    await over
  }
}

interface Run {
  /** When all was done: a small one takes 1, a large one 1 for each 16 KiB. */
  readonly makespan: number
  readonly begun: readonly string[]
  /** Most large ones under way while a small one was known. */
  readonly mostLarge: number
}

/** Runs a plan with so many places; each has the same bandwidth. */
async function simulate(actions: readonly TreeAction[], isOrdered = true): Promise<Run> {
  const clock = new VirtualClock()
  const order = new StartOrder(TRANSFERS)
  const begun: string[] = []
  let [large, mostLarge] = [0, 0]
  const plan = planOf(actions)
  const running = runActions(isOrdered ? order.of(plan) : plan, {
    window: TRANSFERS,
    order,
    mover: {
      move: async ({ name, size }) => {
        begun.push(name)
        if (size === LARGE) mostLarge = Math.max(mostLarge, (large += 1))
        await clock.sleep(Math.max(1, size / (16 * KiB)))
        if (size === LARGE) large -= 1
        return { size, attempts: 1, elapsedMs: 1 }
      },
      remove: () => Promise.resolve(new Map()),
    },
    onOutcome: () => Promise.resolve(),
    check: () => undefined,
    checkRemoval: () => undefined,
    signal: new AbortController().signal,
  })
  await clock.until(running)
  return { makespan: clock.now, begun, mostLarge }
}

/** What is begun one after the other, each when the plan has got ahead. */
async function orderOf(actions: readonly TreeAction[]): Promise<string[]> {
  const names: string[] = []
  for await (const { name } of new StartOrder(TRANSFERS).of(planOf(actions))) {
    names.push(name)
    await nextTurn()
  }
  return names
}

describe('the order in which things are begun', () => {
  it('has no large one run alone at the end', async () => {
    // 256 for the large one, 256 for the others on 16 places.
    const actions = [...many(4096, SMALL), action('last', LARGE)]
    const plain = await simulate(actions, false)
    const ordered = await simulate(actions)
    expect(plain.makespan).toBe(512)
    // It is begun a look ahead earlier.
    expect(ordered.makespan).toBeLessThanOrEqual(512 - Math.floor(LOOK_AHEAD / TRANSFERS) + 2)
    const within = [...many(LOOK_AHEAD - 100, SMALL), action('last', LARGE)]
    expect((await simulate(within, false)).makespan).toBe(56 + 256)
    expect((await simulate(within)).makespan).toBeLessThan(256 + 6)
  })

  it('is that of the plan where all are alike, or small', async () => {
    const alike = [...many(50, SMALL), action('other', 100 * KiB), ...many(50, 0, 'm')]
    expect(await orderOf(alike)).toEqual(alike.map(({ name }) => name))
    const large = many(100, LARGE)
    expect(await orderOf(large)).toEqual(large.map(({ name }) => name))
  })

  it('keeps places for small ones, and for none of them when none waits', async () => {
    const large = many(40, LARGE, 'large')
    const mixed = await simulate([...large, ...many(900, SMALL)])
    expect(mixed.begun).toHaveLength(940)
    // What is begun before more is known, and one that waits for a place, is begun as it comes.
    const small = mixed.begun.findIndex((name) => name.startsWith('n'))
    expect(small).toBeLessThanOrEqual(TRANSFERS + 1)
    const lastSmall = mixed.begun.findLastIndex((name) => name.startsWith('n'))
    const before = mixed.begun.slice(0, lastSmall).filter((name) => name.startsWith('large'))
    expect(before.length, 'half as many').toBeLessThanOrEqual(1.5 * TRANSFERS + 1)
    expect((await simulate(large)).mostLarge).toBe(TRANSFERS)
  })

  it('leaves none behind: the oldest comes in every second place', async () => {
    const sizes = Array.from({ length: 400 }, (_, n) => action(`n${n}`, (n + 1) * 512 * KiB))
    const names = await orderOf(sizes)
    const at = names.indexOf('n20')
    expect(at).toBeGreaterThan(20)
    expect(at).toBeLessThanOrEqual(44)
    expect(names.toSorted()).toEqual(sizes.map(({ name }) => name).toSorted())
  })

  it('begins at once with what is known, however slow the plan is', async () => {
    let goOn: () => void = () => undefined
    const slow = new Promise<void>((resolve) => (goOn = resolve))
    async function* plan(): AsyncGenerator<TreeAction> {
      yield action('first', SMALL)
      await slow
      yield action('second', LARGE)
    }
    const order = new StartOrder(TRANSFERS).of(plan())
    expect(await order.next()).toMatchObject({ value: { name: 'first' } })
    const second = order.next()
    await nextTurn()
    goOn()
    expect(await second).toMatchObject({ value: { name: 'second' } })
    expect(await order.next()).toMatchObject({ done: true })
  })

  it('looks ahead so far and no further', async () => {
    let given = 0
    async function* plan(): AsyncGenerator<TreeAction> {
      for (const each of many(5000, SMALL)) {
        given += 1
        yield await Promise.resolve(each)
      }
    }
    const order = new StartOrder(TRANSFERS).of(plan())
    for (let taken = 1; taken <= 10; taken += 1) await order.next()
    await nextTurn()
    await nextTurn()
    expect(given).toBeGreaterThanOrEqual(LOOK_AHEAD)
    expect(given).toBeLessThanOrEqual(LOOK_AHEAD + 11)
    await order.return()
  })

  it('has removals last, also of what was known before', async () => {
    const removals = ['x', 'y'].map((name) => action(name, 0, 'delete'))
    const names = await orderOf([...many(3, LARGE), action('s', SMALL), ...removals])
    expect(names.slice(0, 4).toSorted()).toEqual(['n0', 'n1', 'n2', 's'])
    expect(names.slice(4)).toEqual(['x', 'y'])
  })

  it('tells what is wrong with the plan when all before that has been begun', async () => {
    async function* plan(): AsyncGenerator<TreeAction> {
      yield* planOf(many(30, SMALL))
      throw new Error('no more')
    }
    const names: string[] = []
    const read = async (): Promise<void> => {
      for await (const { name } of new StartOrder(TRANSFERS).of(plan())) names.push(name)
    }
    await expect(read()).rejects.toThrow('no more')
    expect(names).toHaveLength(30)
  })

  it('lets go of the plan when nothing more is wanted', async () => {
    const log: string[] = []
    async function* plan(): AsyncGenerator<TreeAction> {
      try {
        yield* planOf(many(2000, SMALL))
      } finally {
        await nextTurn()
        log.push('closed')
      }
    }
    for await (const { name } of new StartOrder(TRANSFERS).of(plan())) {
      log.push(name)
      break
    }
    expect(log).toEqual(['n0', 'closed'])
  })
})
