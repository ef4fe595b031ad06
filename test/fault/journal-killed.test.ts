/** What a journal still says when its process was killed at any moment. */

import { readdir } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { JobJournal } from '../../src/journal/job-journal.ts'
import { bytesDone } from '../../src/journal/replay.ts'
import { wait } from '../helpers/failure.ts'
import { useChildren } from '../helpers/killable-child.ts'
import { useTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { PLACE, UPLOAD } from '../unit/journal/journal-fixture.ts'

const ROUNDS = 6
/** Enough that none comes to the end. */
const PARTS = 100_000
const PART_SIZE = 10

const directory = useTemporaryDirectory()
const startScript = useChildren(directory)

/** Goes on where the journal ends; says which parts, and that they are written. */
const SCRIPT = (state: string): string => `
  import { setTimeout as delay } from 'node:timers/promises'
  import { JobJournal } from 'DIST/src/journal/job-journal.js'
  const place = ${JSON.stringify(PLACE)}
  const key = { direction: 'upload', place, path: '${UPLOAD.path}' }
  const journal = await JobJournal.open('${state}', key, (error) => { throw error })
  const begin = {
    type: 'upload', jobId: 'j', engine: '1', startedAt: 1, place, path: '${UPLOAD.path}',
    partSize: ${PART_SIZE}, parts: ${PARTS}, algorithm: 'CRC32',
    source: { dev: 1n, ino: 1n, size: ${PARTS * PART_SIZE}, mtimeNs: 1n, ctimeNs: 1n },
    checksumType: 'FULL_OBJECT', sendChecksum: true, token: 't',
    connection: {}, attributes: {}, hasCustomerKey: false,
  }
  const kept = [...(journal.found?.parts.values() ?? [])]
  await journal.start([begin, { type: 'created', uploadId: 'u' }, ...kept])
  console.log('from ' + kept.length)
  for (let part = kept.length + 1; part <= ${PARTS}; part += 1) {
    journal.append({ type: 'part', part, size: ${PART_SIZE}, etag: 'e', digest: 'AAECAw==' })
    if (part % 7 === 0) await delay(1)
  }
`

describe('a journal whose process is killed at any moment', () => {
  test('is believed to its last whole line, and goes on from there', async () => {
    const key = { direction: 'upload', place: PLACE, path: UPLOAD.path } as const
    let before = 0
    for (let round = 0; round < ROUNDS; round += 1) {
      const child = await startScript(SCRIPT(directory()))
      await child.started()
      // Nothing that was there when the process before died is lost.
      expect(child.output()).toMatch(new RegExp(`^from ${before}\\n`))
      await wait(Math.random() * 150)
      await child.kill()
      const journal = await JobJournal.open(directory(), key, () => undefined)
      const { found } = journal
      if (found?.kind !== 'upload') throw new Error('the beginning and the upload id are durable')
      expect(found.created).toEqual({ type: 'created', uploadId: 'u' })
      const numbers = [...found.parts.keys()]
      expect(numbers).toEqual(numbers.map((_, index) => index + 1))
      expect(numbers.length).toBeGreaterThanOrEqual(before)
      expect(bytesDone(found)).toBe(numbers.length * PART_SIZE)
      before = numbers.length
      await journal.close()
    }
    expect(before).toBeGreaterThan(0)
    const names = await readdir(`${directory()}/journals`)
    expect(names.filter((name) => !name.endsWith('.journal'))).toEqual([])
  })
})
