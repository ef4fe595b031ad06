import { readdir, writeFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { JobJournal } from '../../../src/journal/job-journal.ts'
import { journalPath } from '../../../src/journal/job.ts'
import type { OnJournalFailure } from '../../../src/journal/journal-writer.ts'
import { journalsDirectory } from '../../../src/journal/state-directory.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { partOf, PLACE, UPLOAD, uploadState } from './journal-fixture.ts'

const KEY = { direction: 'upload', place: PLACE, path: UPLOAD.path } as const
const CREATED = { type: 'created', uploadId: 'u-1' } as const
const directory = useTemporaryDirectory()

async function openJournal(): Promise<JobJournal> {
  return JobJournal.open(directory(), KEY, vi.fn<OnJournalFailure>())
}

async function files(): Promise<string[]> {
  return readdir(journalsDirectory(directory()))
}

describe('the journal of a transfer that is run again', () => {
  it('has what was written before it was closed', async () => {
    const first = await openJournal()
    expect(first.found).toBeUndefined()
    await first.start([UPLOAD])
    await first.appendDurably(CREATED)
    first.append(partOf(2))
    await first.close()
    expect(await files()).toEqual([`${first.id}.journal`])
    const second = await openJournal()
    expect(second.found).toEqual(uploadState([UPLOAD, CREATED, partOf(2)]))
    await second.start([UPLOAD, CREATED, partOf(2)])
    second.append(partOf(1))
    await second.close()
    const third = await openJournal()
    expect(third.found).toEqual(uploadState([UPLOAD, CREATED, partOf(2), partOf(1)]))
    await third.close()
  })

  it('leaves nothing when its transfer has ended, whether it was written or not', async () => {
    const first = await openJournal()
    await first.start([UPLOAD])
    expect(await first.end()).toBeUndefined()
    expect(await files()).toEqual([])
    const second = await openJournal()
    await second.start([UPLOAD])
    await second.close()
    const third = await openJournal()
    expect(third.found).toBeDefined()
    expect(await third.end()).toBeUndefined()
    expect(await files()).toEqual([])
  })

  it('removes what a process left that was killed while it began', async () => {
    const first = await openJournal()
    await writeFile(`${journalPath(directory(), first.id)}.new`, 'torn')
    await first.close()
    await (await openJournal()).close()
    expect(await files()).toEqual([])
  })

  it('may be begun anew', async () => {
    const journal = await openJournal()
    await journal.start([UPLOAD, CREATED, partOf(1)])
    await journal.start([{ ...UPLOAD, token: 'another' }])
    await journal.close()
    const again = await openJournal()
    expect(again.found).toMatchObject({ begin: { token: 'another' }, created: undefined })
    await again.end()
  })

  it('finds nothing to go on with in one that had ended', async () => {
    const journal = await openJournal()
    await journal.start([UPLOAD, { type: 'ended' }])
    await journal.close()
    const again = await openJournal()
    expect(again.found).toBeUndefined()
    await again.end()
  })

  it('is locked while it is open', async () => {
    const journal = await openJournal()
    await expect(openJournal()).rejects.toMatchObject({ code: 'ERR_JOURNAL_LOCKED' })
    await journal.close()
    await (await openJournal()).close()
    expect(await files()).toEqual([])
  })

  it('is not locked by a refusal', async () => {
    const journal = await openJournal()
    await journal.close()
    const header = 'transfer-engine-journal 7'
    const text = `${header} ${crc32(header).toString(16).padStart(8, '0')}\n`
    await writeFile(journalPath(directory(), journal.id), text, { mode: 0o600 })
    for (let time = 0; time < 2; time += 1) {
      await expect(openJournal()).rejects.toMatchObject({ code: 'ERR_JOURNAL_VERSION' })
    }
    expect(await files()).toHaveLength(1)
  })
})
