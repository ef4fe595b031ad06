/** The files of a round: made, with the objects of those that come down, and looked at in the end. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TransferEngine } from 'transfer-engine'
import { testBytes } from '../helpers/test-bytes.ts'
import { journalsIn, locksIn, uploadsNoted } from './journal-view.ts'
import { isInParts, PART_SIZE, THRESHOLD, type FilePlan, type TreePlan } from './plan.ts'
import { BUCKET, type StoreView } from './store-view.ts'
import { moveUntilDone, type Moved, type Scene, type Subject } from './transfer.ts'

const OLD = Buffer.from('old')

/** Makes what is to be moved. */
export async function makeTree(
  { view, dir }: Pick<Scene, 'view' | 'dir'>,
  files: readonly FilePlan[],
  seed: number,
): Promise<readonly Subject[]> {
  await mkdir(dir)
  const options = { ...view.address, workers: 1, recordUploads: false, resume: 'off' } as const
  const parts = { partSize: PART_SIZE, multipartThreshold: THRESHOLD }
  await using engine = new TransferEngine({ ...options, ...parts })
  const subjects: Subject[] = []
  for (const [index, plan] of files.entries()) {
    const path = join(dir, plan.name)
    const bytes = testBytes(plan.size, seed + index)
    if (plan.direction === 'download') await engine.upload(bytes, `s3://${BUCKET}/${plan.name}`)
    await writeFile(path, plan.direction === 'download' ? OLD : bytes)
    subjects.push({ ...plan, path, ...endOf(view, plan, path, bytes) })
  }
  return subjects
}

function endOf(
  view: StoreView,
  { name, direction }: FilePlan,
  path: string,
  bytes: Buffer,
): Pick<Subject, 'isRight' | 'isOld'> {
  if (direction === 'download') {
    return {
      isRight: () => readFileSync(path).equals(bytes),
      isOld: () => statSync(path).size === OLD.length && readFileSync(path).equals(OLD),
    }
  }
  return {
    isRight: () => {
      assert.ok(readFileSync(path).equals(bytes), 'the source is untouched')
      const object = view.object(name)
      return object !== undefined && Buffer.concat([...object]).equals(bytes)
    },
    isOld: () => view.object(name) === undefined,
  }
}

/** Moves every file. @throws the first failure, once all have ended */
export async function moveTree(
  scene: Scene,
  subjects: readonly Subject[],
  { atOnce }: Pick<TreePlan, 'atOnce'>,
): Promise<readonly Moved[]> {
  if (atOnce) {
    const all = await Promise.allSettled(subjects.map((each) => moveUntilDone(scene, each)))
    return all.map((each) => {
      if (each.status === 'rejected') throw each.reason
      return each.value
    })
  }
  const moved: Moved[] = []
  for (const subject of subjects) moved.push(await moveUntilDone(scene, subject))
  return moved
}

/** @param losses answers to Create that may have been lost. @throws AssertionError for leftovers */
export function checkTree(scene: Scene, all: readonly Moved[], losses: number): void {
  const { view, dir, stateDir } = scene
  const left = new Set(readdirSync(dir))
  for (const { subject, kills } of all) {
    assert.ok(subject.isRight(), `the bytes of ${subject.name} are right`)
    left.delete(subject.name)
    const temporary = [...left].filter((name) => name.startsWith(`.${subject.name}.`))
    // One that is killed without a journal leaves its temporary file, as SEMANTICS.md says.
    const most = subject.direction === 'upload' || isInParts(subject) ? 0 : kills
    assert.ok(temporary.length <= most, `no temporary file of ${subject.name} is left`)
    for (const name of temporary) left.delete(name)
  }
  assert.deepEqual([...left], [], 'nothing else is in the directory')
  const uploads = view.uploads()
  // One whose id never came back to the command is empty, and nobody can know it.
  assert.ok(uploads.length <= losses, `${uploads.length} uploads are left, ${losses} cut off`)
  for (const { parts } of uploads) assert.equal(parts, 0, 'no upload with parts is left')
  assert.deepEqual(journalsIn(stateDir), [], 'no journal is left')
  // The last one may have been killed with all done and its lock, or the note of its upload, in hand.
  const killedLast = all.filter(({ runs }) => runs.at(-1)?.killedAt !== undefined).length
  assert.ok(locksIn(stateDir).length <= killedLast, 'no lock is left but of those killed last')
  const open = new Set(uploads.map(({ uploadId }) => uploadId))
  const noted = uploadsNoted(stateDir).filter((id) => !open.has(id))
  assert.ok(noted.length <= killedLast, 'no upload is noted that is not open')
}
