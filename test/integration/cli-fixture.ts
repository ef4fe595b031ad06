/** A store, and a directory with two files in it, for tests of `cp`. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { afterAll, beforeAll } from 'vitest'
import { testBytes } from '../helpers/test-bytes.ts'
import { run, storeEnvironment, type Outcome, type RunOptions } from './cli-command.ts'

const MiB = 1024 * 1024

/** Content of `big.bin`, which goes in parts, and of `small.txt`. */
export const big = testBytes(20 * MiB + 7, 1)
export const small = testBytes(1000, 2)

export interface CopyBed {
  readonly store: LocalStore
  readonly dir: string
  /** Runs `transfer-engine cp` in the directory. */
  cp(argv: readonly string[], options?: RunOptions): Promise<Outcome>
  stored(key: string): ReturnType<LocalStore['objects']>[number] | undefined
}

/** Call once, at the top of a file. */
export function useCopyBed(): CopyBed {
  let store: LocalStore
  let dir = ''
  beforeAll(async () => {
    store = await startLocalStore({ buckets: ['test'] })
    dir = await mkdtemp(join(tmpdir(), 'transfer-engine-cli-'))
    await writeFile(join(dir, 'big.bin'), big)
    await writeFile(join(dir, 'small.txt'), small)
  })
  afterAll(async () => {
    await store.close()
    await rm(dir, { recursive: true, force: true })
  })
  return {
    get store() {
      return store
    },
    get dir() {
      return dir
    },
    cp: (argv, options = {}) =>
      run(['cp', ...argv], {
        cwd: dir,
        ...options,
        env: { ...storeEnvironment(store), ...options.env },
      }),
    stored: (key) => store.objects('test').find((object) => object.key === key),
  }
}
