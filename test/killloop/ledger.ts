/**
 * Whether what was sent had to be: the requests of all runs of one transfer, counted by the store,
 * against what was safe before each of them. Pure.
 *
 * What is safe: of an upload, what the store had taken; of a download, what the journal held. A run
 * sends nothing that was safe when it began, nothing twice while it and the store live, and nothing
 * again that had arrived. So each part is sent at most once, plus once for each kill at which it was
 * in flight or, of a download, had arrived so shortly before that the journal did not have it yet.
 */

import assert from 'node:assert/strict'

/** A request that moved bytes of one part, from the moment the store read its head. */
export interface Send {
  /** Id of the upload; empty for requests that belong to none. */
  readonly upload: string
  /** Part or range, from 1. */
  readonly part: number
  /** Epoch milliseconds. */
  readonly at: number
  /** Number of the life of the store. */
  readonly life: number
}

/** One run of the command. */
export interface RunRecord {
  /** What was safe when it began, see `nameOf`. */
  readonly safe: ReadonlySet<string>
  readonly sends: readonly Send[]
  /** When it told that a part had arrived. Epoch milliseconds, by part. */
  readonly arrived: ReadonlyMap<number, number>
  /** `undefined` when it ended by itself. Epoch milliseconds. */
  readonly killedAt: number | undefined
  /** Whether it told a failure: then it had removed what it could, and the next begins anew. */
  readonly hasFailed: boolean
}

/** What holds for the transfer. */
export interface LedgerTerms {
  readonly direction: 'upload' | 'download'
  readonly isInParts: boolean
  /** Requests a run has in flight at most. */
  readonly inFlight: number
  /** How often the store was killed meanwhile. */
  readonly storeKills: number
}

export interface SendCounts {
  /** Parts and ranges that were sent. */
  readonly sends: number
  /** Those that had been sent before. */
  readonly again: number
}

/**
 * Age from which an arrival must be in the journal. Milliseconds. Source: `journal-writer.ts` writes
 * groups of a quarter of a second; the rest is for machines that are busy.
 */
const NOTED_MS = 1000

/** The name of a part. */
export function nameOf({ upload, part }: Pick<Send, 'upload' | 'part'>): string {
  return `${upload}/${part}`
}

/** @throws AssertionError for what was sent without need */
export function checkSends(runs: readonly RunRecord[], terms: LedgerTerms): SendCounts {
  runs.forEach((run, index) => {
    checkRun(run)
    if (run.killedAt !== undefined) checkKill(run, runs[index + 1], terms)
  })
  const failures = runs.filter(({ hasFailed }) => hasFailed).length
  const uploads = new Set(runs.flatMap(({ sends }) => sends.map(({ upload }) => upload)))
  assert.ok(uploads.size <= 1 + failures, `${uploads.size} uploads got parts, ${failures} failed`)
  const counts = count(runs, terms)
  const most = runs.reduce(
    (sum, run) => sum + lostBy(run, terms),
    terms.storeKills * terms.inFlight,
  )
  assert.ok(counts.again <= most, `${counts.again} parts were sent again, ${most} at most may be`)
  return counts
}

function checkRun({ safe, sends, arrived }: RunRecord): void {
  const begun = new Set<string>()
  for (const send of sends) {
    const what = `part ${nameOf(send)}`
    assert.ok(!safe.has(nameOf(send)), `${what} is not sent again: it was safe before`)
    const name = `${send.life}:${nameOf(send)}`
    assert.ok(!begun.has(name), `${what} is sent once while command and store live`)
    begun.add(name)
    const arrivedAt = arrived.get(send.part) ?? Infinity
    assert.ok(send.at <= arrivedAt, `${what} is not sent again: it had arrived`)
  }
}

/** What a kill costs, as far as it is seen from what the run had told. */
function checkKill(run: RunRecord, next: RunRecord | undefined, terms: LedgerTerms): void {
  const { sends, arrived, killedAt = Infinity } = run
  const inFlight = new Set(sends.map(({ part }) => part).filter((part) => !arrived.has(part)))
  assert.ok(inFlight.size <= terms.inFlight, `${inFlight.size} parts were in flight at a kill`)
  if (next === undefined || !terms.isInParts) return
  const safe = new Set([...next.safe].map((name) => Number(name.split('/').at(-1))))
  for (const [part, at] of arrived) {
    if (terms.direction === 'download' && at > killedAt - NOTED_MS) continue
    const where = terms.direction === 'upload' ? 'the store' : 'the journal'
    assert.ok(safe.has(part), `part ${part} is in ${where}: it arrived ${killedAt - at} ms before`)
  }
}

/** Parts that may have to be sent again because of how a run ended. */
function lostBy({ arrived, killedAt, hasFailed }: RunRecord, terms: LedgerTerms): number {
  // A failure cuts what is in flight.
  if (killedAt === undefined) return hasFailed ? terms.inFlight : 0
  if (!terms.isInParts) return 1
  if (terms.direction === 'upload') return terms.inFlight
  return terms.inFlight + [...arrived.values()].filter((at) => at > killedAt - NOTED_MS).length
}

function count(runs: readonly RunRecord[], { direction }: LedgerTerms): SendCounts {
  const names = new Set<string>()
  let sends = 0
  let beginning = 0
  for (const run of runs) {
    sends += run.sends.length
    // An upload has a new id after a failure, a download has none.
    for (const send of run.sends) {
      names.add(direction === 'upload' ? nameOf(send) : `${beginning}:${nameOf(send)}`)
    }
    if (run.hasFailed) beginning += 1
  }
  return { sends, again: sends - names.size }
}
