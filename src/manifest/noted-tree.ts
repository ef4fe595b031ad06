/**
 * A tree that is written down as it is moved.
 */

import { isAbsolute, relative, resolve, sep } from 'node:path'
import { TransferError } from '../errors.ts'
import { formatS3Uri } from '../store/uri.ts'
import type { Outcome } from '../tree/outcome.ts'
import type { CopyTreeSpec, TreeSpec } from '../tree/sides.ts'
import type { JobOptions } from '../tree/tree-job.ts'
import type { TreeResult } from '../tree/tree-transfer.ts'
import { ManifestFile } from './manifest-file.ts'

/**
 * Runs a tree, and writes down every object that is in place: what was moved, as it ends, and what was the
 * same. The tree ends when that cannot be written; whatever ends it, what is in place is in the file.
 *
 * @param run the tree, told who hears of it
 * @throws (rejects) ERR_OPTION_INVALID for a path inside the tree, ERR_TARGET_UNWRITABLE, ERR_DISK_FULL;
 *   what `run` throws
 */
export async function notedTree(
  path: string,
  spec: TreeSpec | CopyTreeSpec,
  options: JobOptions,
  signal: AbortSignal,
  run: (options: JobOptions) => Promise<TreeResult>,
): Promise<TreeResult> {
  const { direction, remote } = spec
  const { bucket, prefix } = remote
  const root = direction === 'copy' ? undefined : spec.local.root
  if (root !== undefined && isBelow(root, path)) {
    const message = `\`manifest\` is inside the tree that it is about, ${root}: choose a path outside.`
    throw new TransferError('ERR_OPTION_INVALID', message, { option: 'manifest', path })
  }
  const uri = formatS3Uri({ bucket, key: prefix })
  const { from, to } = sidesOf(spec, uri)
  const subject = { operation: direction, from, to, bucket, prefix, root }
  const manifest = await ManifestFile.open(path, subject, signal)
  const { onOutcome } = options
  let result: TreeResult
  try {
    result = await run({
      ...options,
      onOutcome: async (outcome: Outcome) => {
        await manifest.outcome(outcome)
        await onOutcome?.(outcome)
      },
      onUnchanged: (entry) => manifest.unchanged(entry),
    })
  } catch (error) {
    // Of two failures the first is told.
    await manifest.close(false).catch(() => undefined)
    throw error
  }
  await manifest.close(true)
  return result
}

function sidesOf(
  spec: TreeSpec | CopyTreeSpec,
  uri: string,
): { readonly from: string; readonly to: string } {
  if (spec.direction === 'copy') {
    const { bucket, prefix: key } = spec.from
    return { from: formatS3Uri({ bucket, key }), to: uri }
  }
  const { root } = spec.local
  return spec.direction === 'upload' ? { from: root, to: uri } : { from: uri, to: root }
}

function isBelow(root: string, path: string): boolean {
  const below = relative(root, resolve(path))
  return below !== '..' && !below.startsWith(`..${sep}`) && !isAbsolute(below)
}
