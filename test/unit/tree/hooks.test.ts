import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { TransferError } from '../../../src/errors.ts'
import { afterHook, hookedActions, type BeforeTransfer } from '../../../src/tree/hooks.ts'
import { ObjectOptions } from '../../../src/tree/object-options.ts'
import type { Outcome, TreeAction } from '../../../src/tree/outcome.ts'
import type { TreeSpec } from '../../../src/tree/sides.ts'

const SPEC: TreeSpec = {
  direction: 'download',
  how: 'copy',
  local: { kind: 'local', root: '/tree' },
  remote: { kind: 'store', bucket: 'b', prefix: 'p/' },
}

function action(name: string, operation: TreeAction['operation'] = 'download'): TreeAction {
  return { operation, name, key: `p/${name}`, path: `/tree/${name}`, size: 1, reason: 'copy' }
}

async function* plan(actions: readonly TreeAction[]): AsyncGenerator<TreeAction> {
  for (const each of actions) yield await Promise.resolve(each)
}

async function hooked(
  actions: readonly TreeAction[],
  hook: BeforeTransfer,
  objectOptions = new ObjectOptions({}),
): Promise<{ done: TreeAction[]; told: Outcome[] }> {
  const told: Outcome[] = []
  const job = {
    ended: (outcome: Outcome): Promise<void> => {
      told.push(outcome)
      return Promise.resolve()
    },
  }
  const done: TreeAction[] = []
  const options = { spec: SPEC, job, objectOptions, checkEach: () => undefined }
  for await (const each of hookedActions(plan(actions), hook, options)) done.push(each)
  return { done, told }
}

describe('hooks before', () => {
  it('are at work for some at once, and the order stays', async () => {
    let underWay = 0
    let most = 0
    const actions = Array.from({ length: 100 }, (_, n) => action(`n${n}`))
    const { done } = await hooked(actions, async ({ name }) => {
      underWay += 1
      most = Math.max(most, underWay)
      await delay(name.length)
      underWay -= 1
    })
    expect(done).toEqual(actions)
    expect(most).toBe(32)
  })

  it('are not asked about removals', async () => {
    const removal = action('x', 'delete')
    const { done } = await hooked([removal], () => expect.unreachable())
    expect(done).toEqual([removal])
  })

  it('rename no two to one, nor one to the name of a later one that stays', async () => {
    const names = ['a', 'b', 'c', 'd']
    const paths: Readonly<Record<string, string>> = { a: '/tree/d', b: '/tree/x', c: '/tree/x' }
    const { done, told } = await hooked(
      names.map((name) => action(name)),
      ({ name }) => ({ path: paths[name] }),
    )
    expect(done.map(({ path }) => path)).toEqual(['/tree/d', '/tree/x'])
    expect(told.map((outcome) => [outcome.name, outcome.status])).toEqual([
      ['c', 'skipped'],
      ['d', 'skipped'],
    ])
  })

  it('of a move rename none to the name of an earlier one, which would be lost', async () => {
    const moves = ['a', 'b'].map((name) => ({ ...action(name), move: true as const }))
    const rename: BeforeTransfer = ({ name }) => ({ path: name === 'b' ? '/tree/a' : undefined })
    const { done, told } = await hooked(moves, rename)
    expect(done.map(({ name }) => name)).toEqual(['a'])
    expect(told).toMatchObject([{ name: 'b', status: 'skipped', reason: 'name-collision' }])
  })

  it('do not say of one object whether it is moved', async () => {
    const hook = (() => ({ removeSource: true })) as unknown as BeforeTransfer
    const { done, told } = await hooked([action('a')], hook)
    expect(done).toEqual([])
    expect(told).toMatchObject([{ status: 'failed', error: { code: 'ERR_OPTION_INVALID' } }])
  })

  it('say more of one object, in place of what is said of all, metadata name by name', async () => {
    const all = { contentType: 'x', metadata: { a: '1', b: '1' } }
    const objectOptions = new ObjectOptions(all)
    const planned = action('a')
    objectOptions.add(planned, { metadata: { b: '2', c: '2' } })
    const { done } = await hooked(
      [planned, action('b')],
      ({ name }) =>
        name === 'a'
          ? { path: '/tree/new', contentType: 'y', metadata: { c: '3', d: '3' } }
          : undefined,
      objectOptions,
    )
    expect(done.map((each) => objectOptions.of(each))).toEqual([
      { contentType: 'y', metadata: { a: '1', b: '2', c: '3', d: '3' } },
      all,
    ])
    // Nothing of it is in what is told: options may hold a key.
    expect(Object.keys(done[0] ?? {})).not.toContain('metadata')
  })
})

describe('hooks after', () => {
  const done: Outcome = { ...action('a'), status: 'done', attempts: 1, elapsedMs: 1 }

  it('make a failure of what was done, and leave one what it is', async () => {
    const broken = (): never => {
      throw new Error('x')
    }
    expect(await afterHook(done, broken)).toEqual({
      ...action('a'),
      status: 'failed',
      error: expect.objectContaining({ code: 'ERR_HOOK_FAILED' }) as TransferError,
    })
    const error = new TransferError('ERR_ACCESS_DENIED', 'no')
    const failed: Outcome = { ...action('a'), status: 'failed', error }
    expect(await afterHook(failed, broken)).toBe(failed)
    const removed: Outcome = { ...done, operation: 'delete' }
    expect(await afterHook(removed, broken)).toBe(removed)
  })
})
