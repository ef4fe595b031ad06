/**
 * Does what a plan says, many things at a time, and tells of each.
 *
 * Things are begun as they come, and a bounded number is under way: the engine shares its connections among
 * them, in parts where they are large, so that a large file does not hold up the small ones behind it.
 * Removals come when all else has ended, in groups.
 */

import { toTransferError, type TransferError } from '../errors.ts'
import { Semaphore } from '../transfer/semaphore.ts'
import { doneOutcome, type Done, type Outcome, type TreeAction } from './outcome.ts'
import type { StartOrder } from './start-order.ts'

/** Objects one request removes at most. Source: DeleteObjects. */
export const DELETE_BATCH = 1000

/** Does things. Each rejects with a `TransferError`. */
export interface Mover {
  move(action: TreeAction): Promise<Done>
  /** Of objects or files, at most `DELETE_BATCH`; the error of each that is still there. */
  remove(actions: readonly TreeAction[]): Promise<ReadonlyMap<TreeAction, TransferError>>
}

export interface RunActionsOptions {
  readonly mover: Mover
  /** Actions under way at most: what waits for a place among transfers costs memory, and so time. */
  readonly window: number
  /** Hears what is under way that moves bytes. */
  readonly order: Pick<StartOrder, 'begun' | 'ended'>
  /** Hears of each, as it ends; its place is free when that has. Never rejects. */
  readonly onOutcome: (outcome: Outcome) => Promise<void>
  /** Whether to begin nothing more; asked before each. @throws what the run is to end with */
  readonly check: () => void
  /** Whether to remove anything; asked once, when all else has ended. @throws the same */
  readonly checkRemoval: () => void
  /** Ends the waiting for a place. */
  readonly signal: AbortSignal
}

/** Resolves when all that was begun has ended, also when the plan or `check` throws. */
export async function runActions(
  plan: AsyncIterable<TreeAction>,
  { mover, window, order, onOutcome, check, checkRemoval, signal }: RunActionsOptions,
): Promise<void> {
  const places = new Semaphore(window)
  const underWay = new Set<Promise<void>>()
  let batch: TreeAction[] = []
  let mayRemove = false
  const start = async (work: () => Promise<void>): Promise<void> => {
    check()
    const leave = await places.acquire(1, 0, signal)
    const promise = work().finally(() => {
      underWay.delete(promise)
      leave()
    })
    underWay.add(promise)
  }
  const flush = async (): Promise<void> => {
    const actions = batch
    batch = []
    if (actions.length > 0) await start(() => removeAll(actions, mover, onOutcome))
  }
  try {
    for await (const action of plan) {
      if (action.operation !== 'delete') {
        await start(async () => {
          order.begun(action)
          const outcome = await moveOne(action, mover)
          order.ended(action)
          await onOutcome(outcome)
        })
        continue
      }
      if (!mayRemove) {
        await Promise.all(underWay)
        checkRemoval()
        mayRemove = true
      }
      batch.push(action)
      if (batch.length === DELETE_BATCH) await flush()
    }
    await flush()
  } finally {
    await Promise.all(underWay)
  }
}

/** Never rejects. */
async function moveOne(action: TreeAction, mover: Mover): Promise<Outcome> {
  try {
    return doneOutcome(action, await mover.move(action))
  } catch (error) {
    return { ...action, status: 'failed', error: toTransferError(error) }
  }
}

async function removeAll(
  actions: readonly TreeAction[],
  mover: Mover,
  onOutcome: (outcome: Outcome) => Promise<void>,
): Promise<void> {
  const startedAt = performance.now()
  let failures: ReadonlyMap<TreeAction, TransferError>
  try {
    failures = await mover.remove(actions)
  } catch (error) {
    const failure = toTransferError(error)
    failures = new Map(actions.map((action) => [action, failure]))
  }
  const elapsedMs = performance.now() - startedAt
  for (const action of actions) {
    const error = failures.get(action)
    await onOutcome(
      error === undefined
        ? doneOutcome(action, { size: 0, attempts: 1, elapsedMs })
        : { ...action, status: 'failed', error },
    )
  }
}
