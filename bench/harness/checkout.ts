/**
 * Another commit of this project, checked out and built in a directory for temporary files, to be
 * compared with this one. Its packages are ours when both have the same lock file.
 */

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { manifestVersion } from '../peers/find.ts'
import type { Checkout } from './roster.ts'

const run = promisify(execFile)

/** A build, or an installation of all packages, ends within this. Milliseconds. */
const TIMEOUT_MS = 600_000

/** Removed when it is disposed of, also from git's list of work trees. */
export type DisposableCheckout = Checkout & AsyncDisposable

/** @throws Error when there is no such ref, or it cannot be built. */
export async function checkOut(ref: string, signal: AbortSignal): Promise<DisposableCheckout> {
  const parent = await mkdtemp(join(tmpdir(), 'transfer-engine-against-'))
  const root = join(parent, 'tree')
  const remove = async (): Promise<void> => {
    // The link first: what it leads to is ours.
    await unlink(join(root, 'node_modules')).catch(() => undefined)
    await rm(parent, { recursive: true, force: true })
    await run('git', ['worktree', 'prune'])
  }
  try {
    const options = { signal, timeout: TIMEOUT_MS }
    const commit = await resolveRef(ref)
    await run('git', ['worktree', 'add', '--detach', root, commit], options)
    if (await hasSameLock(root)) await symlink(resolve('node_modules'), join(root, 'node_modules'))
    else await run('npm', ['ci', '--no-audit', '--no-fund'], { ...options, cwd: root })
    await run('npm', ['run', '--silent', 'build'], { ...options, cwd: root })
    const version = manifestVersion(join(root, 'package.json')) ?? 'unknown'
    const described = `${version} (${commit.slice(0, 10)})`
    return { ref, root, version: described, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}

async function resolveRef(ref: string): Promise<string> {
  try {
    const { stdout } = await run('git', ['rev-parse', '--verify', '--quiet', `${ref}^{commit}`])
    return stdout.trim()
  } catch {
    throw new Error(`git knows no commit named ${ref}`)
  }
}

async function hasSameLock(root: string): Promise<boolean> {
  const name = 'package-lock.json'
  const [ours, theirs] = await Promise.all([readFile(name), readFile(join(root, name))])
  return ours.equals(theirs)
}
