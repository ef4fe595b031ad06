/**
 * What a download of a tree leaves when it is killed before files have their names: nothing that the
 * next tree keeps, or takes for a file of the user.
 */

import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { BUCKET, MiB, sharedBed, storedKeys, type Bed } from '../helpers/test-bed.ts'
import { testBytes } from '../helpers/test-bytes.ts'
import { run, storeEnvironment, type Outcome } from '../integration/cli-command.ts'

const SMALL = 200
const TREE = `s3://${BUCKET}/tree`
const BIG = '!big'

const bed = sharedBed()

/** Kills its process when a file is about to get its name, some have theirs, and the big one has begun. */
const KILL = `
  import fs from 'node:fs'
  import { syncBuiltinESMExports } from 'node:module'
  import { dirname } from 'node:path'
  const { renameSync } = fs
  let named = 0
  fs.renameSync = (from, to) => {
    named += 1
    const root = dirname(dirname(to))
    const isMoment = named > 20 && fs.readdirSync(root).some((name) => name.startsWith('.${BIG}.'))
    if (isMoment) process.kill(process.pid, 'SIGKILL')
    renameSync(from, to)
  }
  syncBuiltinESMExports()
`

function command(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { store, dir, stateDir } = bed()
  const common = ['--state-dir', stateDir, '--workers', '1']
  return run([...argv, ...common], { cwd: dir, env: { ...storeEnvironment(store), ...env } })
}

/** Brings the tree down into a directory, by a command that is killed on its way. */
async function killedDownload(name: string): Promise<Outcome> {
  const { store, engine, path, file } = bed()
  store.reset()
  const source = path('source')
  for (let index = 0; index < SMALL; index += 1) {
    await mkdir(join(source, `d${index % 10}`), { recursive: true })
    await writeFile(join(source, `d${index % 10}`, `small ${index}`), testBytes(1 + index, index))
  }
  await writeFile(join(source, BIG), testBytes(12 * MiB))
  expect(await engine.uploadDirectory(source, TREE)).toMatchObject({ uploaded: SMALL + 1 })
  const [match, fault] = [
    { key: `tree/${BIG}` },
    { kind: 'stall-response', afterBytes: 9 } as const,
  ]
  store.faults.add({ match: { ...match, operation: 'GetObject' }, fault })
  const preload = await file('kill.mjs', Buffer.from(KILL))
  const NODE_OPTIONS = `--import=${pathToFileURL(preload).href}`
  const killed = await command(['cp', '-r', TREE, name], { NODE_OPTIONS })
  store.faults.clear()
  return killed
}

async function temporaryIn({ path }: Bed, name: string): Promise<readonly string[]> {
  return (await readdir(path(name), { recursive: true })).filter((each) => each.endsWith('.part'))
}

describe('a download of a tree that is killed', () => {
  test('is swept by the next one, which brings all down', async () => {
    expect(await killedDownload('again')).toMatchObject({ code: null })
    const left = await temporaryIn(bed(), 'again')
    expect(
      left.some((name) => name.includes(BIG)),
      'the large one',
    ).toBe(true)
    expect(left.length, 'and a small one').toBeGreaterThan(1)
    expect(await command(['sync', TREE, 'again'])).toMatchObject({ code: 0 })
    expect(await temporaryIn(bed(), 'again')).toEqual([])
    const files = await readdir(bed().path('again'), { recursive: true, withFileTypes: true })
    expect(files.filter((each) => each.isFile())).toHaveLength(SMALL + 1)
  })

  test('leaves nothing that a sync in the other direction takes for a file', async () => {
    expect(await killedDownload('back')).toMatchObject({ code: null })
    expect(await temporaryIn(bed(), 'back')).not.toEqual([])
    // What is around it is looked at, too.
    expect(await command(['sync', '.', `s3://${BUCKET}/up`, '--dry-run'])).toMatchObject({
      code: 0,
    })
    expect(await temporaryIn(bed(), 'back'), 'a dry run changes nothing').not.toEqual([])
    expect(await command(['sync', 'back', `s3://${BUCKET}/up`])).toMatchObject({ code: 0 })
    const keys = storedKeys(bed().store).filter((key) => key.startsWith('up/'))
    expect(keys.length).toBeGreaterThan(20)
    expect(keys.filter((key) => key.endsWith('.part'))).toEqual([])
    expect(await temporaryIn(bed(), 'back')).toEqual([])
  })
})
