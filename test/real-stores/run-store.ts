/** Both suites on one real store, each case told as it is judged. */

import { join } from 'node:path'
import { runCases } from './cases/case.ts'
import { ENGINE_CASES } from './cases/all.ts'
import { runConformance } from './conformance-run.ts'
import { readExpected, SUITES, type Deviation, type Suite } from './expected.ts'
import { isGood, judge, type CaseOutcome, type Judged } from './judge.ts'
import { findProgram } from './programs.ts'
import { keepResult, type SuiteResult } from './results.ts'
import { RealServer } from './server.ts'
import type { StoreKind } from './store-kind.ts'
import type { Ended } from './summary.ts'

/** Where a run takes place. */
export interface Site {
  /** Of the project, ending in a slash. */
  readonly root: string
  /** Directory to keep results in; `undefined` to keep none. */
  readonly keep: string | undefined
}

/** Skipped, and loudly, where its program is not on this machine. */
export async function runStore(kind: StoreKind, { root, keep }: Site): Promise<Ended> {
  const program = await findProgram(kind.program, process.env)
  if (program === undefined) return skip(kind)
  const version = await kind.version(program)
  console.log(`\n${kind.title} ${version}`)
  const expected = await readExpected(expectedIn(root), kind.name)
  const judged = new Map<Suite, readonly Judged[]>()
  const server = await startServer(kind, program)
  if (typeof server === 'string') {
    const failed = tell(kind.name, 'engine', [{ id: 'start', error: server }], [])
    return { name: kind.name, judged: failed, skipped: undefined }
  }
  try {
    for (const suite of SUITES) {
      const outcomes = await outcomesOf(suite, root, kind, server)
      judged.set(suite, tell(kind.name, suite, outcomes, expected[suite]))
    }
  } finally {
    await server.stop()
  }
  const all = [...judged.values()].flat()
  if (keep !== undefined && all.every(isGood)) {
    await keepResult(keep, kind.name, {
      kind: 'store',
      title: kind.title,
      version,
      date: today(),
      engine: resultOf(judged.get('engine'), expected.engine),
      conformance: resultOf(judged.get('conformance'), expected.conformance),
    })
  }
  return { name: kind.name, judged: all, skipped: undefined }
}

/** The server, or why there is none: other stores are run all the same. */
async function startServer(kind: StoreKind, program: string): Promise<RealServer | string> {
  return RealServer.start(kind, program).catch((error: unknown) =>
    error instanceof Error ? error.message : String(error),
  )
}

export function skip({ name, title, program, install }: StoreKind): Ended {
  const skipped = `no program ${program} in REAL_STORES_DIR or PATH (${install})`
  console.log(`\n!!! SKIPPED ${title}: ${skipped}\n`)
  return { name, judged: [], skipped }
}

export function expectedIn(root: string): string {
  return join(root, 'test/real-stores/expected')
}

/** The day, by UTC. */
export function today(): string {
  return new Date().toISOString().slice(0, 10)
}

async function outcomesOf(
  suite: Suite,
  root: string,
  { name }: StoreKind,
  server: RealServer,
): Promise<readonly CaseOutcome[]> {
  const { address } = server
  const running =
    suite === 'engine' ? runCases(address, ENGINE_CASES) : runConformance(root, name, address)
  const outcomes = await running.catch((reason: unknown) => [
    { id: 'suite', error: String(reason) },
  ])
  const error = server.isRunning ? undefined : 'the store has ended'
  return [...outcomes, { id: 'still running', error }]
}

function tell(
  store: string,
  suite: Suite,
  outcomes: readonly CaseOutcome[],
  expected: readonly Deviation[],
): readonly Judged[] {
  const judged = judge(outcomes, expected)
  for (const each of judged) {
    const { id, verdict, detail } = each
    const word = isGood(each) ? verdict : verdict.toUpperCase()
    console.log(`${store} ${suite} ${word}: ${id}${detail === undefined ? '' : ` (${detail})`}`)
  }
  return judged
}

function resultOf(judged: readonly Judged[] = [], deviations: readonly Deviation[]): SuiteResult {
  const passed = judged.filter(({ verdict }) => verdict === 'passed').length
  return { passed, cases: judged.length, deviations }
}
