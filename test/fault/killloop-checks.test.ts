/** What the kill loop looks at in the end finds what must not be left. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { useTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { rangesNoted } from '../killloop/journal-view.ts'
import { PART_SIZE } from '../killloop/plan.ts'
import type { StoreView, UploadSeen } from '../killloop/store-view.ts'
import type { Moved, Scene } from '../killloop/transfer.ts'
import { checkTree } from '../killloop/tree.ts'

const directory = useTemporaryDirectory()

/** One file that went down in ranges, over a kill; everything as it should be. */
function end(how: { readonly uploads?: readonly UploadSeen[]; readonly isRight?: boolean } = {}) {
  const { uploads = [], isRight = true } = how
  const view: StoreView = {
    address: { endpoint: '', region: '', credentials: { accessKeyId: '', secretAccessKey: '' } },
    object: () => undefined,
    uploads: () => uploads,
    stored: () => new Set(),
    partCount: () => 0,
    sends: () => [],
    settled: () => Promise.resolve(),
  }
  const [dir, stateDir] = [join(directory(), 'files'), join(directory(), 'state')]
  const scene: Scene = { view, dir, stateDir, flags: [], partSize: PART_SIZE, mayFail: false }
  const plan = { name: 'a', direction: 'download', size: 3 * PART_SIZE, kills: [] } as const
  const ends = { path: join(dir, 'a'), isRight: () => isRight, isOld: () => !isRight }
  const moved: Moved = {
    subject: { ...plan, ...ends },
    runs: [],
    last: undefined,
    kills: 1,
    failures: 0,
  }
  return (): void => checkTree(scene, [moved], 1)
}

beforeEach(async () => {
  for (const name of ['files', 'state/journals', 'state/uploads']) {
    await mkdir(join(directory(), name), { recursive: true })
  }
  await writeFile(join(directory(), 'files/a'), '')
})

describe('the end of a round', () => {
  test('is good when only an empty upload is left, whose making was cut off', () => {
    expect(end()).not.toThrow()
    expect(end({ uploads: [{ key: 'a', uploadId: 'u', parts: 0 }] })).not.toThrow()
  })

  test('is not with other bytes', () => {
    expect(end({ isRight: false })).toThrow(/the bytes of a are right/)
  })

  test('is not with an upload that has parts', () => {
    const uploads = [{ key: 'a', uploadId: 'u', parts: 1 }]
    expect(end({ uploads })).toThrow(/no upload with parts is left/)
  })

  test.each([
    ['files/.a.0123.part', /no temporary file of a is left/],
    ['files/b', /nothing else is in the directory/],
    ['state/journals/0123.journal', /no journal is left/],
    ['state/journals/0123.journal.new', /no journal is left/],
    ['state/journals/0123.host.lock', /no lock is left/],
    ['state/uploads/0123.json', /no upload is noted that is not open/],
  ])('is not with %s', async (name, message) => {
    await writeFile(join(directory(), name), '')
    expect(end()).toThrow(message)
  })
})

test('what a journal holds are its whole lines', () => {
  const line = (start: number) =>
    `0123abcd 60 {"type":"range","start":${start},"length":${PART_SIZE},"digest":"AAAAAA=="}`
  const text = `0123abcd 9 {"type":"opened"}\n${line(0)}\n${line(2 * PART_SIZE)}\n${line(PART_SIZE)}`
  expect([...rangesNoted(text, PART_SIZE)]).toEqual([1, 3])
})
