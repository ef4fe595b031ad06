/**
 * The package as people install it: packed, and installed into a directory of its own whose name
 * has a space and a non-ASCII letter.
 */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync, mkdirSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url))

export interface PackedFile {
  readonly path: string
  readonly size: number
}

export interface InstalledPackage {
  /** Project directory with `node_modules`. */
  readonly directory: string
  readonly files: readonly PackedFile[]
  readonly size: number
  remove(): void
}

/** Runs a program and returns what it printed; throws with both outputs when it fails. */
export function run(
  file: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): string {
  return execFileSync(file, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    encoding: 'utf8',
    timeout: 120_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/**
 * Packs and unpacks the package. Its dependencies are those of this checkout, by links: what is
 * tested is our package, and no registry is asked.
 */
export function installPackage(): InstalledPackage {
  const directory = mkdtempSync(join(tmpdir(), 'transfer engine ü-'))
  const [packed] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', directory], {
      cwd: ROOT,
    }),
  ) as { filename: string; files: PackedFile[]; unpackedSize: number }[]
  if (packed === undefined) throw new Error('npm pack made nothing')
  const modules = join(directory, 'node_modules')
  const target = join(modules, 'transfer-engine')
  mkdirSync(target, { recursive: true })
  run('tar', ['xzf', packed.filename, '-C', target, '--strip-components=1'], { cwd: directory })
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name.startsWith('.')) continue
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  }
  const project = { name: 'consumer', version: '1.0.0', type: 'module', private: true }
  writeFileSync(join(directory, 'package.json'), JSON.stringify(project))
  return {
    directory,
    files: packed.files,
    size: packed.unpackedSize,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}
