/**
 * Goal: what is published works where it is installed. Method: pack it, unpack it into a project of
 * its own, and use it from there, in child processes, as its users do.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installPackage, ROOT, run, type InstalledPackage } from '../helpers/packed.ts'

const MiB = 1024 * 1024

let installed: InstalledPackage

beforeAll(() => {
  installed = installPackage()
})

afterAll(() => {
  installed.remove()
})

function script(name: string, source: string): string {
  const path = join(installed.directory, name)
  writeFileSync(path, source)
  return run(process.execPath, [path], { cwd: installed.directory })
}

const ROUND_TRIP = `
  const store = await startLocalStore({ buckets: ['bucket'] })
  const { endpoint, region, credentials } = store
  const engine = new TransferEngine({ endpoint, region, credentials, workers: 2 })
  const bytes = Buffer.alloc(20 * 1024 * 1024, 'transfer')
  await engine.upload(bytes, 's3://bucket/key')
  const chunks = []
  for await (const chunk of engine.read('s3://bucket/key')) chunks.push(chunk)
  console.log(Buffer.concat(chunks).equals(bytes), engine.stats().workers.length > 0)
  await engine.close()
  await store.close()
`

describe('the installed package', () => {
  it('moves bytes through worker threads from a path with blanks and umlauts', () => {
    const output = script(
      'esm.js',
      `import { TransferEngine } from 'transfer-engine'
       import { startLocalStore } from 'transfer-engine/testing'
       ${ROUND_TRIP}`,
    )
    expect(output.trim()).toBe('true true')
  })

  it('serves CommonJS programs', () => {
    const output = script(
      'common.cjs',
      `const { TransferEngine } = require('transfer-engine')
       void (async () => {
         const { startLocalStore } = await import('transfer-engine/testing')
         ${ROUND_TRIP}
       })()`,
    )
    expect(output.trim()).toBe('true true')
  })

  it('brings its command', () => {
    const bin = join(installed.directory, 'node_modules/transfer-engine/dist/src/cli/main.cjs')
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      version: string
    }
    const output = run(process.execPath, [bin, '--version'], { cwd: installed.directory })
    expect(output.trim()).toBe(version)
  })

  it('type-checks for a strict consumer, in every example of README and METRICS', () => {
    const documents = ['README.md', 'METRICS.md'].map((name) =>
      readFileSync(join(ROOT, name), 'utf8'),
    )
    const blocks = [...documents.join('\n').matchAll(/```ts\n([\s\S]*?)```/g)].map(
      (match) => match[1] ?? '',
    )
    expect(blocks.length).toBeGreaterThan(4)
    for (const [index, block] of blocks.entries()) {
      writeFileSync(join(installed.directory, `example-${index}.ts`), `${block}\nexport {}\n`)
    }
    writeFileSync(
      join(installed.directory, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          exactOptionalPropertyTypes: true,
          noEmit: true,
          module: 'nodenext',
          target: 'es2023',
          lib: ['es2023', 'esnext.disposable'],
          types: ['node'],
          skipLibCheck: false,
          skipDefaultLibCheck: true,
        },
        include: ['example-*.ts'],
      }),
    )
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const output = run(process.execPath, [tsc, '-p', '.'], { cwd: installed.directory })
    expect(output).toBe('')
  })

  it('is small, and holds the product and nothing else', () => {
    const unexpected = installed.files
      .map((file) => file.path)
      .filter(
        (path) =>
          !/^(dist\/)?(src|workers)\//.test(path) &&
          !['package.json', 'README.md', 'LICENSE'].includes(path),
      )
    expect(unexpected).toEqual([])
    expect(installed.size).toBeLessThan(6 * MiB)
  })

  it('runs nothing when it is installed', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>
    }
    const hooks = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish']
    expect(hooks.filter((hook) => hook in manifest.scripts)).toEqual([])
  })
})
