import { describe, expect, it } from 'vitest'
import { isTransferError } from '../../../src/errors.ts'
import type { TreeEntry } from '../../../src/tree/entries.ts'
import type { ActionReason } from '../../../src/tree/outcome.ts'
import type { Pair } from '../../../src/tree/merge-join.ts'
import { planSync, type PlanSyncOptions } from '../../../src/tree/plan-sync.ts'

type Options = PlanSyncOptions<TreeEntry, TreeEntry>

const entry = (name: string, size = 1): TreeEntry => ({ name, size, mtimeMs: 0 })
const both = (name: string, from = 1, to = 1): Pair<TreeEntry, TreeEntry> => {
  return { name, source: entry(name, from), destination: entry(name, to) }
}
const onlySource = (name: string) => ({ name, source: entry(name) })
const onlyDestination = (name: string) => ({ name, destination: entry(name) })

/** Steps as text, and the code it ended with. */
async function plan(
  pairs: readonly Pair<TreeEntry, TreeEntry>[],
  changes: Partial<Options> = {},
): Promise<{ steps: string[]; unchanged: string[]; refused: string | undefined }> {
  const unchanged: string[] = []
  const options: Options = {
    filter: () => true,
    differ: (from, to): ActionReason | 'told' | undefined =>
      from.size === to.size ? undefined : 'size',
    remove: true,
    removeMax: Infinity,
    veto: () => undefined,
    onUnchanged: ({ name }) => {
      unchanged.push(name)
      return undefined
    },
    ...changes,
  }
  const steps: string[] = []
  let refused: string | undefined
  try {
    for await (const step of planSync(stream(pairs), options)) {
      steps.push(
        step.kind === 'copy' ? `${step.reason} ${step.source.name}` : `remove ${step.name}`,
      )
    }
  } catch (error) {
    if (!isTransferError(error) || error.code !== 'ERR_DELETE_REFUSED') throw error
    refused = error.message
  }
  return { steps, unchanged, refused }
}

async function* stream<T>(values: readonly T[]): AsyncGenerator<T> {
  for (const value of values) yield await Promise.resolve(value)
}

describe('a plan for two sides', () => {
  it('copies what is missing or differs, and removes at the end what is extra', async () => {
    const pairs = [
      onlyDestination('a'),
      both('b', 1, 2),
      onlySource('c'),
      both('d'),
      onlyDestination('e'),
    ]
    expect(await plan(pairs)).toEqual({
      steps: ['size b', 'missing c', 'remove a', 'remove e'],
      unchanged: ['d'],
      refused: undefined,
    })
  })

  it('leaves alone a name whose source does not take part, whatever the destination is', async () => {
    const isSmall = ({ size }: TreeEntry): boolean => size < 5
    const pairs = [
      both('grown-out', 9, 1),
      both('back-in', 1, 9),
      { name: 'large-there', destination: entry('large-there', 9) },
      { name: 'small-there', destination: entry('small-there', 1) },
    ]
    const { steps } = await plan(pairs, { filter: isSmall })
    expect(steps).toEqual(['size back-in', 'remove small-there'])
  })

  it('neither copies nor counts as the same what could not be compared', async () => {
    const differ = ({ name }: TreeEntry) => (name === 'a' ? ('told' as const) : undefined)
    const { steps, unchanged } = await plan([both('a'), both('b')], { differ })
    expect({ steps, unchanged }).toEqual({ steps: [], unchanged: ['b'] })
  })

  it('removes nothing unless it is told to', async () => {
    const { steps } = await plan([onlyDestination('a'), both('b')], { remove: false })
    expect(steps).toEqual([])
  })

  it.each([
    ['the source is empty', [onlyDestination('a')], {}, /source is empty/],
    [
      'more is extra than may be removed',
      [onlyDestination('a'), onlyDestination('b'), onlySource('c')],
      { removeMax: 1 },
      /^2 would be removed, more than the 1/,
    ],
    [
      'a side could not be read whole',
      [onlyDestination('a'), onlySource('c')],
      { veto: () => 'dir could not be read' },
      /1 would be removed, and nothing was: dir could not be read/,
    ],
  ] as const)('copies, and then refuses to remove, when %s', async (_, pairs, changes, message) => {
    const { steps, refused } = await plan(pairs, changes)
    expect(refused).toMatch(message)
    expect(steps.filter((step) => step.startsWith('remove'))).toEqual([])
    expect(steps).toHaveLength(pairs.filter((pair) => 'source' in pair).length)
  })

  it('removes nothing when a side breaks off', async () => {
    const steps: string[] = []
    const broken = async function* () {
      yield onlyDestination('a')
      yield await Promise.resolve(onlySource('b'))
      throw new Error('cut')
    }
    const options: Options = {
      filter: () => true,
      differ: () => undefined,
      remove: true,
      removeMax: Infinity,
      veto: () => undefined,
      onUnchanged: () => undefined,
    }
    const run = async (): Promise<void> => {
      for await (const step of planSync(broken(), options)) steps.push(step.kind)
    }
    await expect(run()).rejects.toThrow('cut')
    expect(steps).toEqual(['copy'])
  })
})
