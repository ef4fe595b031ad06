/** The conformance suite on a real store: vitest as a child, and what its report says of each case. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { TABLE_TEST } from '../store/conformance/expected-deviations.ts'
import type { StoreAddress } from '../killloop/store-view.ts'
import type { CaseOutcome } from './judge.ts'

const SUITE = 'test/store/conformance/conformance.test.ts'

/** Longest time of all cases. Milliseconds. Source: none; a store that hangs costs 2 min a case. */
const RUN_MS = 20 * 60_000

const VITEST = join(
  dirname(createRequire(import.meta.url).resolve('vitest/package.json')),
  'vitest.mjs',
)

/** What is read of vitest's report. */
interface Report {
  readonly testResults: readonly {
    readonly message: string
    readonly assertionResults: readonly {
      readonly title: string
      readonly status: string
      readonly failureMessages: readonly string[] | null
    }[]
  }[]
}

/** @param root of the project. @throws Error when the suite did not run to its end */
export async function runConformance(
  root: string,
  label: string,
  { endpoint, region, credentials }: StoreAddress,
): Promise<readonly CaseOutcome[]> {
  const dir = await mkdtemp(join(tmpdir(), 'transfer-engine-conformance-'))
  try {
    const report = join(dir, 'report.json')
    const args = ['run', '--project', 'store', SUITE, '--reporter=json', `--outputFile=${report}`]
    const child = spawn(process.execPath, [VITEST, ...args], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: RUN_MS,
      env: {
        PATH: process.env['PATH'],
        HOME: dir,
        CONFORMANCE_ENDPOINT: endpoint,
        CONFORMANCE_REGION: region,
        CONFORMANCE_LABEL: label,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      },
    })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    await once(child, 'close')
    const text = await readFile(report, 'utf8').catch(() => {
      throw new Error(`The conformance suite did not end: ${said.slice(-2000)}`)
    })
    return outcomesOf(JSON.parse(text) as Report)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** A case that did not run has failed; so has the suite, when its clean-up has. */
export function outcomesOf(report: Report): readonly CaseOutcome[] {
  return report.testResults.flatMap(({ message, assertionResults }) => [
    ...assertionResults
      .filter(({ title }) => title !== TABLE_TEST)
      .map(({ title: id, status, failureMessages }) => ({
        id,
        error: status === 'passed' ? undefined : reasonOf(failureMessages?.[0] ?? 'it did not run'),
      })),
    ...(message === '' ? [] : [{ id: 'suite', error: message }]),
  ])
}

/** What went wrong, and the line of the case where it did; the rest of a trace is the SDK's. */
function reasonOf(message: string): string {
  const [what = ''] = message.split('\n')
  const places = [...message.matchAll(/conformance\/([\w-]+\.ts:\d+)/g)].map(([, place]) => place)
  const place = places.find((each) => !/^(case|run-suite|raw-client)\.ts/.test(each ?? ''))
  return place === undefined ? what : `${what} at ${place}`
}
