/**
 * From two sorted sides to what is to be done, one name after the other: memory does not depend on how
 * many there are. What is to be removed comes last, when both sides were read to their ends: a side
 * that breaks off in the middle must cost nobody an object.
 */

import { TransferError } from '../errors.ts'
import type { TreeEntry } from './entries.ts'
import { NameSpool } from './name-spool.ts'
import type { Pair } from './merge-join.ts'
import type { ActionReason } from './outcome.ts'

export type SyncStep<S> =
  | { readonly kind: 'copy'; readonly source: S; readonly reason: ActionReason }
  | { readonly kind: 'remove'; readonly name: string }

type Verdict = ActionReason | 'told' | undefined

export interface PlanSyncOptions<S extends TreeEntry, D extends TreeEntry> {
  /** Which take part. One that does not keeps what there is of its name on the other side. */
  readonly filter: (entry: TreeEntry) => boolean
  /** Why the source is to be copied; `undefined` when both are the same, `told` when it failed. */
  readonly differ: (source: S, destination: D) => Verdict | Promise<Verdict>
  /** Whether what only the destination has is removed. */
  readonly remove: boolean
  /** Most that may be removed. */
  readonly removeMax: number
  /** Why nothing may be removed after all; asked when both sides were read. */
  readonly veto: () => string | undefined
  /** Hears of those that are the same; what it returns is waited for. */
  readonly onUnchanged: (source: S, destination: D) => Promise<void> | undefined
}

/**
 * @throws ERR_DELETE_REFUSED when something was to be removed and must not be, after all copies
 */
export async function* planSync<S extends TreeEntry, D extends TreeEntry>(
  pairs: AsyncIterable<Pair<S, D>>,
  options: PlanSyncOptions<S, D>,
): AsyncGenerator<SyncStep<S>> {
  const extra = new NameSpool()
  let sources = 0
  for await (const { name, source, destination } of pairs) {
    if (source === undefined) {
      if (options.remove && destination !== undefined && options.filter(destination))
        extra.add(name)
      continue
    }
    if (!options.filter(source)) continue
    sources += 1
    if (destination === undefined) {
      yield { kind: 'copy', source, reason: 'missing' }
      continue
    }
    const reason = await options.differ(source, destination)
    if (reason === undefined) {
      const told = options.onUnchanged(source, destination)
      if (told !== undefined) await told
    } else if (reason !== 'told') yield { kind: 'copy', source, reason }
  }
  if (extra.length === 0) return
  const refusal = refusalOf(extra.length, sources, options)
  if (refusal !== undefined) throw new TransferError('ERR_DELETE_REFUSED', refusal)
  for (const name of extra) yield { kind: 'remove', name }
}

function refusalOf(
  extra: number,
  sources: number,
  { removeMax, veto }: Pick<PlanSyncOptions<TreeEntry, TreeEntry>, 'removeMax' | 'veto'>,
): string | undefined {
  const reason = veto()
  if (reason !== undefined) return `${extra} would be removed, and nothing was: ${reason}`
  if (sources === 0)
    return `The source is empty; nothing was removed of the ${extra} at the destination`
  if (extra <= removeMax) return undefined
  return `${extra} would be removed, more than the ${removeMax} that may be; nothing was`
}
