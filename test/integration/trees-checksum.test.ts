/** A sync that goes by contents. */

import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, describe, expect, test } from 'vitest'
import type { Outcome, SyncOptions } from 'transfer-engine'
import { failureOf } from '../helpers/failure.ts'
import { BUCKET, MiB, sharedBed, storedBytes } from '../helpers/test-bed.ts'
import { testBytes } from '../helpers/test-bytes.ts'
import { run, storeEnvironment } from './cli-command.ts'

const TREE = `s3://${BUCKET}/tree/`

const bed = sharedBed({ engine: { multipartThreshold: 8 * MiB } })
afterEach(() => bed().store.reset())

const FILES: Readonly<Record<string, Buffer>> = {
  empty: Buffer.alloc(0),
  parts: testBytes(11 * MiB, 1),
  small: Buffer.from('small'),
}

async function makeTree(name: string): Promise<string> {
  const root = bed().path(name)
  await mkdir(root)
  for (const [each, bytes] of Object.entries(FILES)) await writeFile(join(root, each), bytes)
  return root
}

async function sync(
  from: string,
  to: string,
  options: SyncOptions = {},
): Promise<{ told: string[]; unchanged: number }> {
  const told: string[] = []
  const onOutcome = (outcome: Outcome): void => {
    const { status, name } = outcome
    told.push(`${status} ${name} ${status === 'failed' ? outcome.error.code : outcome.reason}`)
  }
  const all = { checksum: true, onOutcome, ...options }
  const { unchanged } = await bed().engine.sync(from, to, all)
  return { told: told.toSorted(), unchanged }
}

describe('a sync by checksum', () => {
  test('copies up only what differs, whatever the times are', async () => {
    const { engine, store } = bed()
    const root = await makeTree('up')
    await engine.uploadDirectory(root, TREE)
    const later = new Date(Date.now() + 60_000)
    for (const name of Object.keys(FILES)) await utimes(join(root, name), later, later)
    expect(await sync(root, TREE)).toEqual({ told: [], unchanged: 3 })
    expect((await sync(root, TREE, { checksum: false })).told).toHaveLength(3)

    const before = new Date(Date.now() - 3_600_000)
    await writeFile(join(root, 'small'), 'SMALL')
    await utimes(join(root, 'small'), before, before)
    expect(await sync(root, TREE)).toEqual({ told: ['done small checksum'], unchanged: 2 })
    expect(storedBytes(store, 'tree/small').toString()).toBe('SMALL')
    const filter = ({ name }: { readonly name: string }): boolean => name === 'empty'
    expect(await sync(root, TREE, { filter })).toEqual({ told: [], unchanged: 1 })
  })

  test('copies down only what differs, by a HEAD each', async () => {
    const { engine, store } = bed()
    const root = await makeTree('down')
    await engine.uploadDirectory(root, TREE)
    store.requests.clear()
    expect(await sync(TREE, root)).toEqual({ told: [], unchanged: 3 })
    expect(store.requests.entries({ operation: 'HeadObject' })).toHaveLength(3)
    expect(store.requests.entries({ operation: 'GetObject' })).toEqual([])
    await writeFile(join(root, 'small'), 'SMALL')
    expect(await sync(TREE, root, { dryRun: true })).toEqual({
      told: ['planned small checksum'],
      unchanged: 2,
    })
    expect(await sync(TREE, root)).toEqual({ told: ['done small checksum'], unchanged: 2 })
    expect((await readFile(join(root, 'small'))).toString()).toBe('small')
  })

  test('goes by the MD5 of an ETag, and copies what has neither', async () => {
    const { engine, sdk, store } = bed()
    const root = await makeTree('foreign')
    const put = { Bucket: BUCKET, Key: 'tree/small', Body: 'small' }
    await sdk.send(new PutObjectCommand(put))
    const filter = ({ name }: { readonly name: string }): boolean => name === 'small'
    expect(await sync(root, TREE, { filter })).toEqual({ told: [], unchanged: 1 })
    const parts = 'tree/parts'
    await engine.upload(
      join(root, 'parts'),
      { bucket: BUCKET, key: parts },
      {
        checksumAlgorithm: 'SHA256',
      },
    )
    expect(storedBytes(store, parts)).toHaveLength(11 * MiB)
    const isParts = ({ name }: { readonly name: string }): boolean => name === 'parts'
    const composite = await sync(root, TREE, { filter: isParts })
    expect(composite).toEqual({ told: ['done parts no-checksum'], unchanged: 0 })
    expect(await sync(root, TREE, { filter: isParts })).toEqual({ told: [], unchanged: 1 })
  })

  test('fails those it may not look at, and removes nothing then', async () => {
    const { engine, store } = bed()
    const root = await makeTree('denied')
    await engine.uploadDirectory(root, TREE)
    await engine.upload(Buffer.from('x'), `${TREE}extra`)
    store.faults.add({
      match: { operation: 'HeadObject', key: 'tree/small' },
      fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
    })
    expect(await sync(root, TREE)).toEqual({
      told: ['failed small ERR_ACCESS_DENIED'],
      unchanged: 2,
    })
    const refused = await failureOf(sync(root, TREE, { delete: true }))
    expect(refused.code).toBe('ERR_DELETE_REFUSED')
    expect(storedBytes(store, 'tree/extra').toString()).toBe('x')
  })

  test.each(['sizeOnly', 'exactTimestamps'])('is no sync by %s', async (option) => {
    const error = await failureOf(sync('.', TREE, { [option]: true }))
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option } })
  })

  test('is a flag of the command', async () => {
    const { dir, stateDir, store } = bed()
    await makeTree('cli')
    const common = ['--workers', '1', '--state-dir', stateDir, '--checksum']
    const command = ['sync', 'cli', TREE, ...common]
    const options = { cwd: dir, env: storeEnvironment(store) }
    expect((await run(command, options)).err).toMatch(/^3 uploaded/)
    expect((await run(command, options)).err).toBe('3 unchanged\n')
    await writeFile(bed().path('cli/small'), 'SMALL')
    expect((await run(command, options)).out).toMatch(/^upload: .*small \(checksum\)$/m)
  })
})
