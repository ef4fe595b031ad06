/**
 * One file, moved by runs of the command until one is done: killed as planned, then left alone. Looks
 * after each run at what must hold whatever happened, and keeps the books of what was sent.
 */

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { runCommand, type CommandRun } from './command.ts'
import { journalText, rangesNoted } from './journal-view.ts'
import { nameOf, type RunRecord } from './ledger.ts'
import { isInParts, THRESHOLD, type FilePlan, type KillMoment } from './plan.ts'
import { BUCKET, type StoreView } from './store-view.ts'

/** Runs of a command of which at most three are killed, or find the store dead. */
const RUNS_MAX = 12

/** Where files are moved. */
export interface Scene {
  readonly view: StoreView
  /** Of the files. */
  readonly dir: string
  readonly stateDir: string
  /** Flags of every run. */
  readonly flags: readonly string[]
  readonly partSize: number
  /** Whether a run may fail, since the store is killed. */
  readonly mayFail: boolean
  /** Longest time of a run. Milliseconds. */
  readonly timeoutMs?: number
}

/** A file that is moved. */
export interface Subject extends FilePlan {
  readonly path: string
  /** Whether the bytes are at their end. */
  isRight(): boolean
  /** Whether that end is as it was before. */
  isOld(): boolean
}

export interface Moved {
  readonly subject: Subject
  readonly runs: readonly RunRecord[]
  /** The last one that told its success; `undefined` when it was killed with all done. */
  readonly last: CommandRun | undefined
  readonly kills: number
  readonly failures: number
}

/** @throws AssertionError for what must not happen */
export async function moveUntilDone(scene: Scene, subject: Subject): Promise<Moved> {
  const runs: RunRecord[] = []
  const count = (): Pick<Moved, 'kills' | 'failures'> => ({
    kills: runs.filter(({ killedAt }) => killedAt !== undefined).length,
    failures: runs.filter(({ hasFailed }) => hasFailed).length,
  })
  while (runs.length < RUNS_MAX) {
    const [record, run] = await runOnce(scene, subject, subject.kills[runs.length])
    runs.push(record)
    const hasJournal = journalText(scene.stateDir, subject.name) !== ''
    if (run.result !== undefined) {
      assert.ok(run.code === 0 || run.code === null, `success is no failure: ${run.said}`)
      assert.equal(run.result['verified'], 'checksum', 'success is told once it is proved')
      assert.ok(!hasJournal, 'success is told when no journal is left')
      return { subject, runs, last: run, ...count() }
    }
    assert.notEqual(run.code, 0, `the command tells its success: ${run.said}`)
    assert.ok(subject.isOld() || subject.isRight(), 'its end is as it was, or right')
    if (run.code !== null) {
      assert.ok(scene.mayFail && run.code === 1, `the command ends well: ${run.said}`)
      checkFailed(scene, subject, hasJournal)
    } else if (isInParts(subject) && !hasJournal && subject.isRight()) {
      // Killed between the end of its journal and its own.
      return { subject, runs, last: undefined, ...count() }
    }
  }
  throw new Error(`${subject.name}: a command that nobody kills ends well in some run`)
}

/** A failure leaves nothing but an upload that could not be removed, and that with its journal. */
function checkFailed({ view, dir }: Scene, { name }: Subject, hasJournal: boolean): void {
  const temporary = readdirSync(dir).filter((each) => each.startsWith(`.${name}.`))
  assert.deepEqual(temporary, [], 'a failure leaves no temporary file')
  const hasParts = view.uploads().some(({ key, parts }) => key === name && parts > 0)
  if (hasParts) assert.ok(hasJournal, 'an upload with parts is left only with its journal')
}

async function runOnce(
  scene: Scene,
  subject: Subject,
  moment: KillMoment | undefined,
): Promise<[RunRecord, CommandRun]> {
  const { view, stateDir } = scene
  const { name } = subject
  const safe = subject.direction === 'upload' ? view.stored() : rangesIn(scene, subject)
  const before = view.sends(name).length
  const run = await runCommand({
    argv: argumentsOf(scene, subject),
    store: view.address,
    timeoutMs: scene.timeoutMs,
    isMoment: moment && hasCome(moment, view, () => journalText(stateDir, name)),
    onResult: () => assert.ok(subject.isRight(), 'the bytes are right when success is told'),
  })
  await view.settled()
  const sends = view.sends(name).slice(before)
  const { killedAt, arrived, code } = run
  return [{ safe, sends, arrived, killedAt, hasFailed: code !== null && code !== 0 }, run]
}

function rangesIn({ stateDir, partSize }: Scene, { name }: Subject): ReadonlySet<string> {
  const noted = rangesNoted(journalText(stateDir, name), partSize)
  return new Set([...noted].map((part) => nameOf({ upload: '', part })))
}

function argumentsOf(scene: Scene, subject: Subject): readonly string[] {
  const { stateDir, partSize, flags } = scene
  const place = `s3://${BUCKET}/${subject.name}`
  const ends = subject.direction === 'upload' ? [subject.path, place] : [place, subject.path]
  // Small files go as they do by default.
  const parts = ['--part-size', String(partSize), '--multipart-threshold', String(THRESHOLD)]
  const state = ['--json', '--state-dir', stateDir, '--resume', 'always']
  return ['cp', ...ends, ...state, ...flags, ...(isInParts(subject) ? parts : [])]
}

function hasCome(
  moment: KillMoment,
  view: StoreView,
  journal: () => string,
): (events: ReadonlySet<unknown>) => boolean {
  if ('after' in moment) {
    const end = Date.now() + moment.after
    return () => Date.now() >= end
  }
  if ('said' in moment) return (events) => events.has(moment.said)
  if ('stored' in moment) return () => view.partCount() >= moment.stored
  if ('word' in moment) return () => journal().includes(moment.word)
  return () => journal().split('\n').length > moment.lines
}
