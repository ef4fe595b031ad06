/** Memory of trees does not depend on how many objects they have. */

import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runScript } from '../helpers/child-script.ts'
import { startSyntheticListing, listedName } from '../helpers/synthetic-listing.ts'
import { useTemporaryDirectory } from '../helpers/temporary-directory.ts'

const MiB = 1024 * 1024

const directory = useTemporaryDirectory()

/** Between what was kept of each, and pages that are on their way at one look and not at the other. */
const GROWTH_MAX = 6 * MiB

/** Peak of the whole process, with its workers. Source: the project's promise for a million. */
const RSS_MAX = 300 * MiB

/** Looks at what is held when so many names were seen, and tells it in the end. */
const LOOK = `
  const held = []
  let seen = 0
  const saw = () => {
    seen += 1
    if (seen !== argument.early && seen !== argument.late) return
    gc()
    const { heapUsed, external } = process.memoryUsage()
    held.push(heapUsed + external)
  }
  const engine = new TransferEngine(options)
`
const TELL = `
  await engine.close()
  const peak = process.resourceUsage().maxRSS * 1024
  process.stdout.write(JSON.stringify({ seen, held, peak, result }))
`

interface Told {
  readonly seen: number
  readonly held: readonly [number, number]
  readonly peak: number
  readonly result: Readonly<Record<string, unknown>>
}

async function growthOf(
  body: string,
  endpoint: string,
  looks: { readonly early: number; readonly late: number },
): Promise<Told> {
  const credentials = { accessKeyId: 'TEST', secretAccessKey: 'test' }
  const done = await runScript(LOOK + body + TELL, {
    engine: { endpoint, region: 'us-east-1', credentials, stateDir: join(directory(), 'state') },
    argument: { root: join(directory(), 'root'), ...looks },
    nodeArguments: ['--expose-gc'],
    timeoutMs: 110_000,
  })
  expect(done.code, `it ends well: ${done.stderr}`).toBe(0)
  const told = JSON.parse(done.stdout) as Told
  const [early, late] = told.held
  expect(late - early, 'what is held grows').toBeLessThan(GROWTH_MAX)
  expect(told.peak, 'the peak').toBeLessThan(RSS_MAX)
  return told
}

describe('memory is flat', () => {
  test('while 100,000 keys are listed', async () => {
    await using store = await startSyntheticListing(100_000)
    const body = `
      for await (const { kind } of engine.list('s3://bucket/tree/')) if (kind === 'object') saw()
      const result = {}
    `
    const { seen } = await growthOf(body, store.endpoint, { early: 10_000, late: 99_000 })
    expect(seen).toBe(100_000)
  })

  test('while 100,000 objects are to come down', async () => {
    await using store = await startSyntheticListing(100_000)
    const body = `
      const onOutcome = saw
      const result = await engine.sync('s3://bucket/tree', argument.root, { dryRun: true, onOutcome })
    `
    const { result } = await growthOf(body, store.endpoint, { early: 10_000, late: 99_000 })
    expect(result).toMatchObject({ planned: 100_000, failed: 0 })
  })

  test('while 40,000 files are compared with their objects', async () => {
    const COUNT = 40_000
    const long = new Date('2020-01-01')
    for (let index = 0; index < COUNT; index += 1) {
      const path = join(directory(), 'root', listedName(index))
      if (index % 1000 === 0) mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, '')
      utimesSync(path, long, long)
    }
    await using store = await startSyntheticListing(COUNT)
    const body = `
      const filter = () => {
        saw()
        return true
      }
      const result = await engine.sync(argument.root, 's3://bucket/tree', { filter, delete: true })
    `
    const { result } = await growthOf(body, store.endpoint, { early: 5000, late: 39_000 })
    expect(result).toMatchObject({ unchanged: COUNT, uploaded: 0, failed: 0 })
    expect(store.pages).toBeGreaterThanOrEqual(COUNT / 1000)
  })
})
