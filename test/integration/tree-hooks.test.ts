/** What a caller does before and after each object of a tree. */

import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, describe, expect, test } from 'vitest'
import type { Outcome, TransferChange, TreeAction, TreeTransfer } from 'transfer-engine'
import { failureOf } from '../helpers/failure.ts'
import { BUCKET, sharedBed, storedKeys } from '../helpers/test-bed.ts'

const TREE = `s3://${BUCKET}/tree/`

const bed = sharedBed()
afterEach(() => bed().store.reset())

async function makeTree(name: string, names: readonly string[]): Promise<string> {
  const root = bed().path(name)
  for (const each of names) {
    await mkdir(dirname(join(root, each)), { recursive: true })
    await writeFile(join(root, each), each)
  }
  return root
}

function keys(): string[] {
  return storedKeys(bed().store).toSorted()
}

/** What became of each by its name, and the sums. */
async function all(
  start: (options: { onOutcome: (outcome: Outcome) => void }) => TreeTransfer,
): Promise<{ result: Awaited<TreeTransfer>; told: Record<string, string> }> {
  const told: Record<string, string> = {}
  const onOutcome = (outcome: Outcome): void => {
    const { status, name } = outcome
    if (status === 'skipped') told[name] = [outcome.reason, outcome.detail].join(' ').trim()
    else
      told[name] = status === 'failed' ? `${outcome.error.code} ${outcome.error.message}` : status
  }
  const result = await start({ onOutcome })
  return { result, told }
}

describe('a hook before an upload', () => {
  const CHANGES: Readonly<Record<string, () => TransferChange | undefined>> = {
    asis: () => undefined,
    more: () => ({ metadata: { own: '1' }, contentType: 'x/y' }),
    named: () => ({ key: 'tree/elsewhere/new' }),
    out: () => ({ skip: 'not today' }),
    silent: () => ({ skip: true }),
    stays: () => ({ skip: false }),
    thrown: () => {
      throw new Error('no luck')
    },
    twin: () => ({ key: 'tree/elsewhere/new' }),
    up: () => ({ key: 'other/up' }),
    wrong: () => ({ partSise: 1 }) as object,
  }

  test('leaves out, renames and says more, or fails, one by one', async () => {
    const { engine, sdk } = bed()
    const root = await makeTree('up', Object.keys(CHANGES))
    const onBeforeTransfer = async ({ name }: TreeAction): Promise<TransferChange | undefined> => {
      await new Promise((resolve) => setImmediate(resolve))
      return CHANGES[name]?.()
    }
    const { result, told } = await all((options) =>
      engine.uploadDirectory(root, TREE, {
        ...options,
        onBeforeTransfer,
        metadata: { all: 'yes', own: '0' },
      }),
    )
    expect(told).toEqual({
      asis: 'done',
      more: 'done',
      named: 'done',
      out: 'hook not today',
      silent: 'hook',
      stays: 'done',
      thrown: 'ERR_HOOK_FAILED onBeforeTransfer failed for tree/thrown: no luck',
      twin: 'name-collision Another one goes to tree/elsewhere/new',
      up: expect.stringMatching(/^ERR_OPTION_INVALID .*behind the prefix "tree\/"/) as string,
      wrong: expect.stringMatching(/^ERR_OPTION_UNKNOWN .*partSise/) as string,
    })
    expect(result).toMatchObject({ uploaded: 4, skipped: 3, failed: 3 })
    expect(keys()).toEqual(['tree/asis', 'tree/elsewhere/new', 'tree/more', 'tree/stays'])
    const head = (Key: string) => sdk.send(new HeadObjectCommand({ Bucket: BUCKET, Key }))
    const more = await head('tree/more')
    expect(more.Metadata).toEqual({ all: 'yes', own: '1' })
    expect(more.ContentType).toBe('x/y')
    expect((await head('tree/asis')).Metadata).toEqual({ all: 'yes', own: '0' })
  })

  test('is asked in a dry run, and renames nothing of a sync', async () => {
    const { engine } = bed()
    const root = await makeTree('dry', ['a', 'b'])
    const planned: string[] = []
    await engine.uploadDirectory(root, TREE, {
      dryRun: true,
      onBeforeTransfer: ({ key }) => ({ key: `${key}2` }),
      onAfterTransfer: () => expect.unreachable(),
      onOutcome: (outcome) => planned.push('key' in outcome ? outcome.key : ''),
    })
    expect(planned).toEqual(['tree/a2', 'tree/b2'])
    const { told } = await all((options) =>
      engine.sync(root, TREE, {
        ...options,
        onBeforeTransfer: ({ name, key }) => (name === 'a' ? { key: `${key}2` } : undefined),
      }),
    )
    expect(told).toEqual({
      a: expect.stringMatching(/^ERR_OPTION_INVALID .*renames nothing/) as string,
      b: 'done',
    })
  })

  test('must be a function', async () => {
    const options = { onBeforeTransfer: 'yes' } as object
    const error = await failureOf(bed().engine.uploadDirectory('.', TREE, options))
    expect(error).toMatchObject({ context: { option: 'onBeforeTransfer' } })
  })
})

describe('a hook before a download', () => {
  test('renames below the directory and nowhere else', async () => {
    const { engine, path } = bed()
    const root = path('down')
    const paths: Readonly<Record<string, string>> = {
      fine: join(root, 'new/place'),
      out: `${root}/../out`,
      beside: `${root}-beside`,
      relative: 'relative',
      root,
      slashes: `${root}/a//b`,
      nul: `${root}/a\0b`,
    }
    for (const name of Object.keys(paths)) await engine.upload(Buffer.from(name), `${TREE}${name}`)
    const { told } = await all((options) =>
      engine.downloadDirectory(TREE, root, {
        ...options,
        onBeforeTransfer: ({ name }) => ({ path: paths[name] }),
      }),
    )
    const { fine, ...bad } = told
    expect(fine).toBe('done')
    expect(Object.keys(bad)).toHaveLength(6)
    for (const each of Object.values(bad)) expect(each).toMatch(/^ERR_OPTION_INVALID/)
    expect((await readdir(root, { recursive: true })).toSorted()).toEqual(['new', 'new/place'])
    expect((await readdir(bed().dir)).filter((name) => name.startsWith('down'))).toEqual(['down'])
    const { told: keyed } = await all((options) =>
      engine.downloadDirectory(TREE, root, {
        ...options,
        onBeforeTransfer: () => ({ key: 'tree/x' }),
      }),
    )
    expect(keyed['fine']).toMatch(/^ERR_OPTION_INVALID .*a download has a `path`/)
  })
})

describe('a hook after a transfer', () => {
  test('hears of what was done and what failed, is waited for, and fails its object alone', async () => {
    const { engine, store, path } = bed()
    const root = await makeTree('after', ['a', 'bad', 'c'])
    store.faults.add({
      match: { operation: 'PutObject', key: 'tree/bad' },
      fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
    })
    const heard: string[] = []
    const { result, told } = await all((options) =>
      engine.uploadDirectory(root, TREE, {
        ...options,
        onAfterTransfer: async ({ name, status }) => {
          await new Promise((resolve) => setTimeout(resolve, 20))
          heard.push(`${status} ${name}`)
          if (name !== 'a') throw new Error('deaf')
        },
      }),
    )
    expect(heard.toSorted()).toEqual(['done a', 'done c', 'failed bad'])
    expect(told).toEqual({
      a: 'done',
      bad: expect.stringMatching(/^ERR_ACCESS_DENIED/) as string,
      c: 'ERR_HOOK_FAILED onAfterTransfer failed for tree/c: deaf',
    })
    expect(result).toMatchObject({ uploaded: 1, failed: 2 })
    expect(keys()).toEqual(['tree/a', 'tree/c'])
    // Removals are none of its business, and wait for what it still has to do.
    const empty = path('left')
    await engine.downloadDirectory(TREE, empty)
    await writeFile(join(empty, 'extra'), '')
    const after: string[] = []
    await engine.sync(TREE, empty, {
      delete: true,
      onAfterTransfer: ({ name }) => after.push(name),
    })
    expect(after).toEqual([])
    await expect(stat(join(empty, 'extra'))).rejects.toThrow('ENOENT')
  })
})
