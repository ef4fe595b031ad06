/** Whole trees with hostile names, copies within the store, and long listings. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { HeadObjectCommand } from '@aws-sdk/client-s3'
import { KiB, MiB, type TransferEngine } from 'transfer-engine'
import { testBytes } from '../../helpers/test-bytes.ts'
import { fingerprints, makeHostileTree } from '../../killloop/hostile-tree.ts'
import { assertBytes, engineCase, type CaseContext, type EngineCase } from './case.ts'

/** All hostile names, each in two directories at least; and one file in parts. */
const TREE = { small: 60, huge: [12 * MiB + 1] }

/** More than two pages. */
const MANY = 2_500

/** Keys of objects at work at once. */
const BATCH = 500

async function upAndDown({ dir, root, engine }: CaseContext): Promise<void> {
  const source = join(dir, 'source')
  await makeHostileTree(source, TREE)
  const files = TREE.small + TREE.huge.length
  const up = await engine().sync(source, root)
  assert.deepEqual([up.uploaded, up.failed, up.skipped], [files, 0, 0], failuresOf(up))
  const down = await engine().sync(root, join(dir, 'copy'))
  assert.deepEqual([down.downloaded, down.failed, down.skipped], [files, 0, 0], failuresOf(down))
  assert.deepEqual(fingerprints(join(dir, 'copy')), fingerprints(source))
}

function failuresOf({ failures }: { failures: readonly Error[] }): string {
  return failures.map((error) => `${error.message} ${JSON.stringify(error)}`).join('; ')
}

async function bytesOf(engine: TransferEngine, uri: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of engine.read(uri)) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

async function copied(context: CaseContext, size: number): Promise<void> {
  const { root, bucket, prefix, engine, sdk } = context
  const bytes = testBytes(size)
  const options = { metadata: { one: '1' }, contentType: 'text/csv' }
  await engine().upload(bytes, `${root}source`, options)
  await engine().copy(`${root}source`, `${root}copy`)
  assertBytes(await bytesOf(engine(), `${root}copy`), bytes, 'the copy')
  const head = await sdk.send(new HeadObjectCommand({ Bucket: bucket, Key: `${prefix}copy` }))
  assert.deepEqual([head.ContentType, head.Metadata?.['one']], ['text/csv', '1'])
}

async function putMany(context: CaseContext, names: readonly string[]): Promise<void> {
  const engine = context.engine()
  for (let at = 0; at < names.length; at += BATCH) {
    const batch = names.slice(at, at + BATCH)
    await Promise.all(batch.map((name) => engine.upload(Buffer.from(name), context.root + name)))
  }
}

export const TREE_CASES: readonly EngineCase[] = [
  engineCase('tree.up-and-down', upAndDown),
  engineCase('tree.sync-again', async ({ dir, root, engine }) => {
    const source = join(dir, 'source')
    await makeHostileTree(source, { small: 1, huge: [11 * MiB] })
    await engine().sync(source, root)
    const again = await engine().sync(source, root)
    assert.deepEqual([again.uploaded, again.unchanged], [0, 2])
    await engine().sync(root, join(dir, 'copy'))
    const down = await engine().sync(root, join(dir, 'copy'))
    assert.deepEqual([down.downloaded, down.unchanged], [0, 2])
  }),
  engineCase('tree.delete', async (context) => {
    const { dir, root, engine } = context
    await putMany(context, ['keep', 'remove', 'below/remove'])
    const copy = join(dir, 'copy')
    await engine().downloadDirectory(root, copy, { filter: ({ name }) => name === 'keep' })
    const result = await engine().sync(copy, root, { delete: true })
    assert.deepEqual([result.deleted, result.failed], [2, 0], failuresOf(result))
    const left: string[] = []
    for await (const entry of engine().list(root)) {
      if (entry.kind === 'object') left.push(entry.key)
    }
    assert.deepEqual(left, [`${context.prefix}keep`])
  }),
  engineCase('copy.small', (context) => copied(context, 100 * KiB)),
  engineCase('copy.large', (context) => copied(context, 21 * MiB + 7)),
  engineCase('copy.tree', async (context) => {
    const { root, engine } = context
    await putMany(context, ['from/a', 'from/b c', 'from/d/é', 'from/f'])
    const result = await engine().copyPrefix(`${root}from`, `${root}to`)
    assert.deepEqual([result.copied, result.failed], [4, 0], failuresOf(result))
    assert.equal((await bytesOf(engine(), `${root}to/d/é`)).toString(), 'from/d/é')
    const again = await engine().sync(`${root}from`, `${root}to`)
    assert.deepEqual([again.copied, again.unchanged], [0, 4])
  }),
  engineCase('list.order', async (context) => {
    // Bytes below and above the slash, beside a folder of that name.
    const names = ['a b', 'a-b', 'a.', 'a/1', 'a/2', 'a0', 'b']
    await putMany(context, names)
    const keys: string[] = []
    for await (const entry of context.engine().list(context.root)) {
      if (entry.kind === 'object') keys.push(entry.key.slice(context.prefix.length))
    }
    assert.deepEqual(keys, names)
  }),
  engineCase('list.thousands', async (context) => {
    const { root, prefix, engine } = context
    const names = Array.from({ length: MANY }, (_, index) => `${index % 7}/${index}`)
    await putMany(context, names)
    const keys: string[] = []
    for await (const entry of engine().list(root)) {
      if (entry.kind === 'object') keys.push(entry.key.slice(prefix.length))
    }
    assert.equal(keys.length, MANY)
    assert.deepEqual(keys, [...names].sort())
    const folders: string[] = []
    for await (const entry of engine().list(root, { recursive: false })) {
      if (entry.kind === 'prefix') folders.push(entry.prefix.slice(prefix.length))
    }
    assert.deepEqual(folders, ['0/', '1/', '2/', '3/', '4/', '5/', '6/'])
  }),
]
