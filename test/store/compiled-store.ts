/**
 * The local store compiled to a temporary directory, for tests that must run it in a process of
 * its own (Node 20 cannot run TypeScript). The directory is removed by `remove`.
 */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PROJECT = fileURLToPath(new URL('../..', import.meta.url))

export interface CompiledStore {
  /** File URL of the compiled `src/testing.ts`. */
  readonly url: string
  remove(): void
}

export function compileStore(): CompiledStore {
  const dir = mkdtempSync(join(tmpdir(), 'store-build-'))
  const out = join(dir, 'out')
  const config = join(dir, 'tsconfig.json')
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(PROJECT, 'tsconfig.build.json'),
      compilerOptions: {
        rootDir: PROJECT,
        outDir: out,
        declaration: false,
        declarationMap: false,
        isolatedDeclarations: false,
        sourceMap: false,
        typeRoots: [join(PROJECT, 'node_modules/@types')],
      },
      include: [],
      files: [join(PROJECT, 'src/testing.ts')],
    }),
  )
  const compiler = join(PROJECT, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [compiler, '-p', config], { stdio: 'inherit' })
  writeFileSync(join(out, 'package.json'), '{"type":"module"}')
  symlinkSync(join(PROJECT, 'node_modules'), join(dir, 'node_modules'), 'dir')
  return {
    url: new URL(`file://${join(out, 'src/testing.js')}`).href,
    remove: () => rmSync(dir, { recursive: true, force: true }),
  }
}
