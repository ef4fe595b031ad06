/** `verify` as a command. */

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { BUCKET, sharedBed } from '../helpers/test-bed.ts'
import { run, storeEnvironment, type Outcome, type RunOptions } from './cli-command.ts'

const TREE = `s3://${BUCKET}/tree`

const bed = sharedBed()
afterEach(() => bed().store.reset())

function command(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { store, dir, stateDir } = bed()
  const [name = '', ...rest] = argv
  const common = ['--workers', '1', '--state-dir', stateDir]
  return run([name, ...common, ...rest], { cwd: dir, env: storeEnvironment(store), ...options })
}

/** A tree of two files that is up, with a manifest. */
async function uploaded(manifest = 'm.ndjson'): Promise<void> {
  const { dir } = bed()
  await mkdir(join(dir, 'tree'), { recursive: true })
  for (const name of ['a', 'b\nc']) await writeFile(join(dir, 'tree', name), `content of ${name}`)
  const copied = await command(['cp', '-r', 'tree', TREE, '--manifest', manifest])
  expect(copied).toMatchObject({ code: 0 })
}

describe('verify', () => {
  test('says how much agrees, and exits with 0', async () => {
    await uploaded()
    const plain = await command(['verify', TREE, '--manifest', 'm.ndjson', '--extra'])
    expect(plain).toMatchObject({ code: 0, out: '' })
    expect(plain.err).toMatch(/^2 agree \(2 by checksum\): 26 B in /)
    const quiet = await command(['verify', 'tree', '--manifest', 'm.ndjson', '--deep', '--quiet'])
    expect(quiet).toMatchObject({ code: 0, out: '', err: '' })
  })

  test('has a line for each thing that differs, and exits with 1', async () => {
    await uploaded('m.csv.gz')
    const { engine } = bed()
    await engine.upload(Buffer.from('x'), `${TREE}/a`)
    await engine.upload(Buffer.from('x'), `${TREE}/extra`)
    const argv = ['verify', TREE, '--manifest', 'm.csv.gz', '--extra']
    const plain = await command(argv)
    expect(plain.code).toBe(1)
    expect(plain.out).toBe(`size: ${TREE}/a (1 bytes, not 12)\nextra: ${TREE}/extra\n`)
    expect(plain.err).toMatch(/^1 agree \(1 by checksum\), 1 size, 1 extra: /)
    const { code, events } = await command([...argv, '--json'])
    expect(code).toBe(1)
    expect(events).toMatchObject([
      { event: 'difference', status: 'size', name: 'a', place: `${TREE}/a`, size: 12 },
      { event: 'difference', status: 'extra', name: 'extra', error: null },
      { event: 'result', agrees: false, records: 2, counts: { ok: 1, size: 1, extra: 1 } },
    ])
  })

  test('escapes names, and says why something could not be looked at', async () => {
    await uploaded()
    const fault = { kind: 'answer', status: 403, code: 'AccessDenied' } as const
    bed().store.faults.add({ match: { operation: 'HeadObject', key: 'tree/b\nc' }, fault })
    const denied = await command(['verify', TREE, '--manifest', 'm.ndjson'])
    expect(denied.code).toBe(1)
    expect(denied.out).toMatch(/^unreadable: s3:\/\/[^\n]*\/b\\nc \(ERR_ACCESS_DENIED [^\n]*\)\n$/)
  })

  test('tells a manifest that is not complete, after what it says', async () => {
    await uploaded()
    const path = join(bed().dir, 'm.ndjson')
    const lines = (await readFile(path, 'utf8')).split('\n')
    await writeFile(path, lines.slice(0, 2).join('\n'))
    const cut = await command(['verify', TREE, '--manifest', 'm.ndjson'])
    expect(cut.code).toBe(1)
    expect(cut.err).toMatch(/ERR_MANIFEST_INCOMPLETE .* cut off: its end is missing/)
    const allowed = ['verify', TREE, '--manifest', 'm.ndjson', '--allow-incomplete']
    expect(await command(allowed)).toMatchObject({ code: 0, out: '' })
  })

  test.each<[string, readonly string[], number, RegExp]>([
    ['nothing', [], 2, /missing required argument 'place'/i],
    ['no manifest', [TREE], 2, /ERR_USAGE --manifest is missing/],
    ['no place', ['s3://', '--manifest', 'm'], 2, /ERR_URI_INVALID/],
    ['a manifest that is not there', [TREE, '--manifest', 'none'], 1, /ERR_SOURCE_NOT_FOUND/],
    ['something else', [TREE, '--manifest', 'else'], 1, /ERR_MANIFEST_INVALID/],
    ['a later version', [TREE, '--manifest', 'later'], 1, /ERR_MANIFEST_VERSION/],
  ])('of %s is refused', async (_, argv, code, message) => {
    const { dir } = bed()
    await writeFile(join(dir, 'else'), '{"a":1}\n')
    await writeFile(join(dir, 'later'), '{"format":"transfer-engine manifest","version":9}\n')
    const refused = await command(['verify', ...argv])
    expect(refused.code).toBe(code)
    expect(refused.err).toMatch(message)
  })

  test('ends with 130 when it is interrupted', async () => {
    await uploaded()
    const { store } = bed()
    store.faults.add({ match: { operation: 'HeadObject' }, fault: { kind: 'delay', ms: 60_000 } })
    const argv = ['verify', TREE, '--manifest', 'm.ndjson']
    const interrupted = await command(argv, {
      during: (child) => {
        const timer = setInterval(() => {
          if (store.requests.entries({ operation: 'HeadObject' }).length === 0) return
          clearInterval(timer)
          child.kill('SIGINT')
        }, 20)
        child.once('exit', () => clearInterval(timer))
      },
    })
    expect(interrupted.code).toBe(130)
    expect(interrupted.err).toMatch(/interrupted; what was not named/)
  })
})
