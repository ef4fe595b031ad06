/** Finds programs, and the versions that are written in them. Nothing is installed or downloaded. */

import { execFile } from 'node:child_process'
import { constants, createReadStream } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Longest time in which a program says its version. Milliseconds. */
const VERSION_MS = 30_000

/** The first executable file of that name in REAL_STORES_DIR (directories, as in PATH), then PATH. */
export async function findProgram(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const lists = [env['REAL_STORES_DIR'], env['PATH']]
  const directories = lists.flatMap((list) => (list ?? '').split(delimiter))
  for (const directory of directories) {
    if (directory === '') continue
    const path = join(directory, name)
    if (await isProgram(path)) return path
  }
  return undefined
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

/** What a program prints about itself, as far as `pattern` catches it. @throws Error without a match */
export async function printedVersion(
  program: string,
  args: readonly string[],
  pattern: RegExp,
): Promise<string> {
  const { stdout, stderr } = await run(program, [...args], { timeout: VERSION_MS })
  const [, version] = pattern.exec(stdout + stderr) ?? []
  if (version === undefined) throw new Error(`${program} ${args.join(' ')} tells no version`)
  return version
}

/**
 * The version of the main module that Go wrote into a program: one that was built from a registry often
 * knows no other. @throws Error when it is not there
 */
export async function goModuleVersion(program: string, module: string): Promise<string> {
  const mark = `\nmod\t${module}\t`
  let rest = ''
  for await (const chunk of createReadStream(program, { highWaterMark: 4 << 20 })) {
    const text = rest + (chunk as Buffer).toString('latin1')
    const at = text.indexOf(mark)
    const version = at < 0 ? undefined : /^[^\t\n]+(?=[\t\n])/.exec(text.slice(at + mark.length))
    if (version) return version[0]
    // A mark, or the version behind it, may be cut in two.
    rest = text.slice(at < 0 ? -mark.length : at)
  }
  throw new Error(`${program} does not say which version of ${module} it is`)
}
