/**
 * Which scripts a process loads, in which thread: what start-up costs, without a clock.
 *
 * A preloaded script asks the debugger of its own thread for every script that is parsed, of
 * either module system, and writes its URL down at once. Threads inherit it.
 */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface LoadedScripts {
  /** URLs of files that the main thread loaded. */
  readonly main: readonly string[]
  /** URLs of files that other threads loaded. */
  readonly threads: readonly string[]
}

const PROBE = `
  const { appendFileSync } = require('node:fs')
  const { Session } = require('node:inspector')
  const { isMainThread } = require('node:worker_threads')
  const session = new Session()
  session.connect()
  session.on('Debugger.scriptParsed', ({ params: { url } }) => {
    const line = (isMainThread ? 'main ' : 'thread ') + url + '\\n'
    if (url.startsWith('file:')) appendFileSync(process.env.LOADED_SCRIPTS, line)
  })
  session.post('Debugger.enable')
`

/** Runs what starts a process with the environment given, and tells what that process loaded. */
export async function loadedScripts(
  start: (env: Readonly<Record<string, string>>) => Promise<unknown>,
): Promise<LoadedScripts> {
  const directory = await mkdtemp(join(tmpdir(), 'transfer-engine-loaded-'))
  try {
    const probe = join(directory, 'probe.cjs')
    const list = join(directory, 'list.txt')
    await writeFile(probe, PROBE)
    await writeFile(list, '')
    await start({ NODE_OPTIONS: `--require "${probe}"`, LOADED_SCRIPTS: list })
    const lines = (await readFile(list, 'utf8')).split('\n')
    const of = (thread: string): string[] =>
      lines
        .filter((line) => line.startsWith(`${thread} `) && !line.endsWith('/probe.cjs'))
        .map((line) => line.slice(thread.length + 1))
    return { main: of('main'), threads: of('thread') }
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** The packages that scripts belong to. */
export function packagesOf(urls: readonly string[]): Set<string> {
  const names = urls.flatMap((url) => {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]
    return name === undefined ? [] : [name]
  })
  return new Set(names)
}
