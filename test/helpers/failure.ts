/** What a rejected transfer says, for tests to compare. */

import { inspect } from 'node:util'
import { isTransferError, type TransferError } from 'transfer-engine'

/** The error a promise rejects with; fails when it does not, or with something else. */
export async function failureOf(promise: PromiseLike<unknown>): Promise<TransferError> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    if (isTransferError(error)) return error
    throw error
  }
  throw new Error(`expected a failure, got ${inspect(value, { depth: 2 })}`)
}

/** Waits until a condition holds. Fails after half a minute: machines may be busy with other things. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const end = Date.now() + 30_000
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
