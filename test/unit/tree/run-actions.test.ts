import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { TransferError } from '../../../src/errors.ts'
import type { Outcome, TreeAction } from '../../../src/tree/outcome.ts'
import { DELETE_BATCH, runActions, type Mover } from '../../../src/tree/run-actions.ts'
import { StartOrder } from '../../../src/tree/start-order.ts'

const action = (name: string, operation: TreeAction['operation'] = 'upload'): TreeAction => ({
  operation,
  name,
  key: name,
  path: undefined,
  size: 1,
  reason: 'copy',
})

async function* plan(actions: Iterable<TreeAction>): AsyncGenerator<TreeAction> {
  for (const each of actions) yield await Promise.resolve(each)
}

function denied(name: string): TransferError {
  return new TransferError('ERR_ACCESS_DENIED', `not ${name}`)
}

/** A mover that takes a moment, and fails for names that say so. */
function mover(log: string[] = []): Mover & { most: number } {
  let underWay = 0
  const made = {
    most: 0,
    move: async ({ name }: TreeAction) => {
      underWay += 1
      made.most = Math.max(made.most, underWay)
      await delay(1)
      underWay -= 1
      log.push(name)
      if (name.startsWith('bad')) throw denied(name)
      return { size: 1, attempts: 1, elapsedMs: 1 }
    },
    remove: (actions: readonly TreeAction[]) => {
      log.push(`remove ${actions.length}`)
      const bad = actions.filter(({ name }) => name.startsWith('bad'))
      return Promise.resolve(new Map(bad.map((each) => [each, denied(each.name)] as const)))
    },
  }
  return made
}

async function run(
  actions: Iterable<TreeAction>,
  each: Mover = mover(),
  check: (ended: readonly Outcome[]) => void = () => undefined,
  checkRemoval: (ended: readonly Outcome[]) => void = () => undefined,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  await runActions(plan(actions), {
    window: 32,
    order: new StartOrder(32),
    mover: each,
    onOutcome: (outcome) => {
      outcomes.push(outcome)
      return Promise.resolve()
    },
    check: () => check(outcomes),
    checkRemoval: () => checkRemoval(outcomes),
    signal: new AbortController().signal,
  })
  return outcomes
}

describe('the actions of a plan', () => {
  it('are done many at a time, though not all, and each is told once', async () => {
    const names = Array.from({ length: 3000 }, (_, n) => `n${n}`)
    const counting = mover()
    const outcomes = await run(
      names.map((name) => action(name)),
      counting,
    )
    expect(outcomes.map((outcome) => outcome.name).toSorted()).toEqual(names.toSorted())
    expect(outcomes.every(({ status }) => status === 'done')).toBe(true)
    expect(counting.most).toBe(32)
  })

  it('are begun no further ahead than whoever hears of them keeps up with', async () => {
    let release: () => void = () => undefined
    const heard = new Promise<void>((resolve) => (release = resolve))
    const log: string[] = []
    const told: Outcome[] = []
    const running = runActions(plan(Array.from({ length: 2000 }, (_, n) => action(`n${n}`))), {
      window: 32,
      order: new StartOrder(32),
      mover: mover(log),
      onOutcome: (outcome) => {
        told.push(outcome)
        return heard
      },
      check: () => undefined,
      checkRemoval: () => undefined,
      signal: new AbortController().signal,
    })
    await delay(50)
    expect(log).toHaveLength(32)
    release()
    await running
    expect(told).toHaveLength(2000)
  })

  it('fail each for itself', async () => {
    const outcomes = await run([action('a'), action('bad1'), action('b'), action('bad2', 'delete')])
    const failed = outcomes
      .filter((outcome) => outcome.status === 'failed')
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    expect(failed.map(({ name, error }) => [name, error.code])).toEqual([
      ['bad1', 'ERR_ACCESS_DENIED'],
      ['bad2', 'ERR_ACCESS_DENIED'],
    ])
    expect(outcomes).toHaveLength(4)
  })

  it('remove in groups', async () => {
    const log: string[] = []
    const count = 2 * DELETE_BATCH + 1
    const outcomes = await run(
      Array.from({ length: count }, (_, n) => action(`n${n}`, 'delete')),
      mover(log),
    )
    expect(log.toSorted()).toEqual(['remove 1', 'remove 1000', 'remove 1000'])
    expect(outcomes).toHaveLength(count)
  })

  it('remove only when all else has ended, and only if they may then', async () => {
    const log: string[] = []
    const ended: number[] = []
    const actions = [
      ...Array.from({ length: 50 }, (_, n) => action(`n${n}`)),
      ...['x', 'y'].map((name) => action(name, 'delete')),
    ]
    await run(actions, mover(log), undefined, (outcomes) => ended.push(outcomes.length))
    expect(ended).toEqual([50])
    expect(log.at(-1)).toBe('remove 2')
    const refused: string[] = []
    const refuse = (): never => {
      throw new Error('no')
    }
    await expect(run(actions, mover(refused), undefined, refuse)).rejects.toThrow('no')
    expect(refused).toHaveLength(50)
  })

  it('all count as failed when their group does', async () => {
    const broken: Mover = { ...mover(), remove: () => Promise.reject(denied('all')) }
    const outcomes = await run([action('a', 'delete'), action('b', 'delete')], broken)
    expect(outcomes.map(({ status }) => status)).toEqual(['failed', 'failed'])
  })

  it('are begun no more once the check throws, and what was begun ends first', async () => {
    const outcomes: Outcome[] = []
    const stop = (ended: readonly Outcome[]): void => {
      if (ended.length >= 3) throw new Error('enough')
    }
    const names = Array.from({ length: 2000 }, (_, n) => action(`n${n}`))
    const running = runActions(plan(names), {
      window: 32,
      order: new StartOrder(32),
      mover: mover(),
      onOutcome: (outcome) => {
        outcomes.push(outcome)
        return Promise.resolve()
      },
      check: () => stop(outcomes),
      checkRemoval: () => undefined,
      signal: new AbortController().signal,
    })
    await expect(running).rejects.toThrow('enough')
    const { length } = outcomes
    expect(length).toBeGreaterThanOrEqual(3)
    expect(length).toBeLessThan(1100)
    await delay(20)
    expect(outcomes).toHaveLength(length)
  })
})
