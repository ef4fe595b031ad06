/** `--html`: the page about a tree, as a file and in a browser. */

import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findChromium, visit } from '../helpers/chromium.ts'
import type { Picture } from '../helpers/png.ts'
import { BUCKET, sharedBed } from '../helpers/test-bed.ts'
import { run, storeEnvironment, type Outcome } from './cli-command.ts'

/** Objects bear whole seconds: what was written in the second of its upload counts as newer. */
const BEFORE = new Date(Date.now() - 60_000)
const TREE = `s3://${BUCKET}/tree`
/** A file name that would be markup, if it were let. */
const HOSTILE = '<img src=x onerror=alert(1)><script>alert(2)<\u2215script>\u001b[31m'

const bed = sharedBed()
afterEach(() => bed().store.reset())

function command(...argv: readonly string[]): Promise<Outcome> {
  const { store, dir, stateDir } = bed()
  const [name = '', ...rest] = argv
  const common = ['--workers', '1', '--state-dir', stateDir]
  return run([name, ...common, ...rest], { cwd: dir, env: storeEnvironment(store) })
}

async function makeTree(name: string, names: readonly string[]): Promise<void> {
  for (const each of names) {
    const path = join(bed().path(name), each)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, 'x'.repeat(1024))
    await utimes(path, BEFORE, BEFORE)
  }
}

/** A page about a sync in which one is refused, one is hostile, and one is done at the second try. */
async function syncedPage(name: string): Promise<string> {
  await makeTree(name, ['a', 'b', 'c', HOSTILE])
  const { faults } = bed().store
  faults.add({
    match: { operation: 'PutObject', key: 'tree/b' },
    fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
  })
  faults.add({
    match: { operation: 'PutObject', key: 'tree/c' },
    times: 1,
    fault: { kind: 'answer', status: 503, code: 'SlowDown' },
  })
  const html = `${name}.html`
  expect(await command('sync', name, TREE, '--html', html, '--quiet')).toMatchObject({ code: 1 })
  return bed().path(html)
}

/** Text of the cells, by rows. */
function rows(html: string): string[][] {
  return [...html.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = '']) => cell),
  )
}

describe('--html', () => {
  test('writes a page with the sums, the failures and the options of a sync', async () => {
    const html = await readFile(await syncedPage('synced'), 'utf8')
    expect(rows(html)).toEqual(
      expect.arrayContaining([
        ['upload', '3', '1', '3 KiB'],
        ['checksum', '3'],
        ['missing', '3'],
        ['ERR_THROTTLED', '1'],
        ['from', 'synced'],
        ['to', TREE],
        ['--workers', '1'],
        expect.arrayContaining(['tree/b', 'upload', '403 AccessDenied']),
      ]),
    )
    expect(html).toContain('<h3>ERR_ACCESS_DENIED: 1 failed</h3>')
    expect(html).toContain('1 could not be done.')
    expect(html).toContain('<h2>Over time</h2>')
    expect(html).not.toMatch(/https?:|\bsrc="|\bhref=|url\(|<script|<img/i)
    expect(html).not.toContain(bed().store.credentials.secretAccessKey)
    expect(await readdir(bed().dir)).not.toContain('synced.html.part')
  })

  test('tells of downloads and of a dry run, too', async () => {
    await makeTree('up', ['a', 'b/c'])
    expect(await command('cp', '-r', 'up', TREE, '--quiet')).toMatchObject({ code: 0 })
    const dry = await command('sync', TREE, 'down', '--dry-run', '--html', 'dry.html')
    expect(dry).toMatchObject({ code: 0 })
    const planned = await readFile(bed().path('dry.html'), 'utf8')
    expect(planned).toContain('A dry run: nothing was done.')
    expect(rows(planned)).toContainEqual(['download', '2', '0', '2 KiB'])
    const done = await command('cp', '-r', TREE, 'down', '--html', 'down.html')
    expect(done).toMatchObject({ code: 0 })
    const page = await readFile(bed().path('down.html'), 'utf8')
    expect(page).toContain('<title>cp --recursive: ')
    expect(rows(page)).toContainEqual(['download', '2', '0', '2 KiB'])
    expect(page).toContain('All was done.')
  })

  test('says what ended a run early', async () => {
    await makeTree('early', ['a', 'b', 'c'])
    bed().store.faults.add({
      match: { operation: 'PutObject' },
      fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
    })
    const { code } = await command('cp', '-r', 'early', TREE, '--fail-fast', '--html', 'early.html')
    expect(code).toBe(1)
    const html = await readFile(bed().path('early.html'), 'utf8')
    expect(html).toContain('Ended early: ERR_TOO_MANY_FAILURES')
    expect(html).toContain('<h3>ERR_ACCESS_DENIED: ')
  })

  test('is refused before anything is moved where it cannot be written', async () => {
    await makeTree('kept', ['a'])
    const { code, err } = await command('sync', 'kept', TREE, '--html', 'no-such/r.html')
    expect(code).toBe(1)
    expect(err).toMatch(/ERR_TARGET_UNWRITABLE/)
    expect(bed().store.requests.entries({ operation: 'PutObject' })).toEqual([])
  })

  test('has a meaning only with many', async () => {
    const { code, err } = await command('cp', 'a', `${TREE}/a`, '--html', 'r.html')
    expect(code).toBe(2)
    expect(err).toMatch(/--html has a meaning only with --recursive/)
  })
})

/** The colour of most points, and the share of the others. */
function groundOf({ width, height, colors }: Picture): { color?: number; drawnOver: number } {
  const [most] = [...colors].sort((a, b) => b[1] - a[1])
  if (most === undefined) return { drawnOver: 0 }
  return { color: most[0], drawnOver: 1 - most[1] / (width * height) }
}

const chromium = findChromium()
const title = chromium === undefined ? 'in a browser (skipped: no Chromium found)' : 'in a browser'

describe.skipIf(chromium === undefined)(title, () => {
  let directory = ''
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'transfer-engine-browser-'))
    return () => rm(directory, { recursive: true, force: true })
  })

  test.each([
    ['light', 0xff_ff_ff],
    ['dark', 0x12_17_1d],
  ] as const)(
    'a page is drawn on %s ground, quietly and without the network',
    async (colors, ground) => {
      const path = await syncedPage(`seen-${colors}`)
      const seen = await visit(path, { chromium: chromium ?? '', directory, colors })
      const { width, height, colors: drawn } = seen.picture
      const [most] = [...drawn].sort((a, b) => b[1] - a[1])
      expect(most?.[0]).toBe(ground)
      // Letters, panels, areas and lines.
      expect(drawn.size).toBeGreaterThan(100)
      expect(width * height - (most?.[1] ?? 0)).toBeGreaterThan(0.05 * width * height)
      expect(seen.console).toEqual([])
      expect(seen.requests).toEqual([])
      expect(seen.dom).toContain(String.raw`\u001b[31m`)
      expect(seen.dom).not.toMatch(/<(img|script)/)
    },
  )

  test('would be caught if it said or fetched anything, or were blank', async () => {
    const path = join(directory, 'bad.html')
    const script = '<script>console.error("said")</script>'
    await writeFile(path, `<!doctype html>${script}<img src="http://127.0.0.1:9/x.png">`)
    const seen = await visit(path, { chromium: chromium ?? '', directory })
    expect(seen.console).toEqual([expect.stringContaining('said')])
    expect(seen.requests).toEqual(['http://127.0.0.1:9/x.png'])
    expect(groundOf(seen.picture).drawnOver).toBeLessThan(0.01)
  })
})
