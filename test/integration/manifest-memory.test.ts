/** Memory of a verification does not depend on how many records there are. */

import { createWriteStream, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import { runScript } from '../helpers/child-script.ts'
import { useTemporaryDirectory } from '../helpers/temporary-directory.ts'

const MiB = 1024 * 1024
const COUNT = 50_000

/** Between what was kept of each, and what is read ahead at one look and not at the other. */
const GROWTH_MAX = 6 * MiB

/** A digest of 20 bytes in a table of which at least three eighths are filled. */
const BYTES_PER_NAME_MAX = 54

const directory = useTemporaryDirectory()

/** What is held after a tenth of all records, and near their end. */
const SCRIPT = `
  const held = []
  let seen = 0
  const engine = new TransferEngine(options)
  const { counts } = await engine.verify(argument.manifest, argument.root, {
    extra: argument.extra,
    onResult: () => {
      seen += 1
      if (seen !== argument.count / 10 && seen !== argument.count - 100) return
      gc()
      const { heapUsed, external } = process.memoryUsage()
      held.push(heapUsed + external)
    },
  })
  await engine.close()
  process.stdout.write(JSON.stringify({ held, counts }))
`

function* lines(): Generator<string> {
  const header = { operation: 'upload', from: '/tree', to: 's3://b/p/', bucket: 'b', prefix: 'p/' }
  const started = '2026-01-01T00:00:00.000Z'
  const format = { format: 'transfer-engine manifest', version: 1, tool: 'test' }
  yield `${JSON.stringify({ ...format, ...header, started })}\n`
  for (let index = 0; index < COUNT; index += 1) {
    const name = `a-directory-with-a-name/file-${index}.bin`
    const record = { bucket: 'b', key: `p/${name}`, size: 1, verified: 'size', time: started, name }
    yield `${JSON.stringify(record)}\n`
  }
  const end = { records: COUNT, bytes: COUNT, failed: 0, complete: true, finished: started }
  yield `${JSON.stringify({ end })}\n`
}

describe('memory', () => {
  test.each([
    ['is flat', false, GROWTH_MAX],
    ['holds a digest of each name with `extra`', true, GROWTH_MAX + COUNT * BYTES_PER_NAME_MAX],
  ])('%s', async (_, extra, growthMax) => {
    const root = join(directory(), 'root')
    mkdirSync(root)
    const manifest = join(directory(), 'm.ndjson')
    await pipeline(lines(), createWriteStream(manifest))
    const done = await runScript(SCRIPT, {
      engine: { stateDir: join(directory(), 'state'), workers: 1 },
      argument: { manifest, root, extra, count: COUNT },
      nodeArguments: ['--expose-gc'],
      timeoutMs: 110_000,
    })
    expect(done.code, `it ends well: ${done.stderr}`).toBe(0)
    const { held, counts } = JSON.parse(done.stdout) as {
      readonly held: readonly [number, number]
      readonly counts: Readonly<Record<string, number>>
    }
    expect(counts).toMatchObject({ missing: COUNT, ok: 0, extra: 0 })
    expect(held[1] - held[0], 'what is held grows').toBeLessThan(growthMax)
  })
})
