/**
 * A real browser for pages: opens a file, and tells what it drew, what it said on its console, and what
 * the page asked the network for. Chromium's own flags are enough for that.
 */

import { execFile, execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { decodePng, type Picture } from './png.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** Path of a browser: CHROMIUM_PATH, or what the shell finds; `undefined` without one. */
export function findChromium(): string | undefined {
  const named = process.env['CHROMIUM_PATH']
  return [...(named ? [named] : []), ...NAMES].find((name) => {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
}

export interface Visit {
  readonly picture: Picture
  /** Lines on the console: errors, and what the policy of the page forbade. */
  readonly console: readonly string[]
  /** Addresses the page asked for; those the browser asks for by itself are left out. */
  readonly requests: readonly string[]
  /** What became of the page. */
  readonly dom: string
}

export interface VisitOptions {
  readonly chromium: string
  /** An empty directory. */
  readonly directory: string
  /** What the reader prefers. @default light */
  readonly colors?: 'light' | 'dark'
}

export async function visit(
  path: string,
  { chromium, directory, colors = 'light' }: VisitOptions,
): Promise<Visit> {
  const [screenshot, log] = [join(directory, 'screen.png'), join(directory, 'net.json')]
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    // Nobody is asked for a name, whatever the browser wants at its start.
    '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
    `--user-data-dir=${join(directory, 'profile')}`,
    `--blink-settings=preferredColorScheme=${colors === 'dark' ? 0 : 1}`,
    '--window-size=1000,1600',
    '--hide-scrollbars',
    '--enable-logging=stderr',
  ]
  const open = async (...more: readonly string[]): Promise<Record<'stdout' | 'stderr', string>> =>
    promisify(execFile)(chromium, [...flags, ...more, pathToFileURL(path).href], {
      timeout: 90_000,
      maxBuffer: 64 * 1024 * 1024,
    })
  const { stderr } = await open(`--screenshot=${screenshot}`, `--log-net-log=${log}`)
  const { stdout: dom } = await open('--dump-dom')
  return {
    picture: decodePng(await readFile(screenshot)),
    console: stderr.split('\n').filter((line) => line.includes(':CONSOLE:')),
    requests: requestsOf(await readFile(log, 'utf8')),
    dom,
  }
}

/** By the initiator: the browser's own requests have none that is a page. */
function requestsOf(log: string): string[] {
  const { events } = JSON.parse(log) as {
    readonly events: readonly { readonly params?: { initiator?: string; url?: string } }[]
  }
  const asked = events.filter(
    ({ params }) => params?.initiator !== undefined && params.initiator !== 'not an origin',
  )
  return asked.map(({ params }) => params?.url ?? '')
}
