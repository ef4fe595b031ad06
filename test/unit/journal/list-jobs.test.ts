import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { jobNameOf, journalPath } from '../../../src/journal/job.ts'
import { JobLock } from '../../../src/journal/job-lock.ts'
import { listJobs } from '../../../src/journal/list-jobs.ts'
import type { JournalRecord } from '../../../src/journal/records.ts'
import { makeJournalsDirectory } from '../../../src/journal/state-directory.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { DOWNLOAD, journalOf, UPLOAD, WHOLE_DOWNLOAD, WHOLE_UPLOAD } from './journal-fixture.ts'

const directory = useTemporaryDirectory()

async function leave(name: string, bytes: Uint8Array, mode = 0o600): Promise<void> {
  await makeJournalsDirectory(directory())
  await writeFile(journalPath(directory(), name), bytes, { mode })
}

describe('the list of what can be resumed', () => {
  it('is empty where there is nothing', async () => {
    expect(await listJobs(directory())).toEqual({ jobs: [], failures: [] })
  })

  it('tells direction, names, age and bytes, the oldest first', async () => {
    const upload: readonly JournalRecord[] = [
      { ...UPLOAD, startedAt: UPLOAD.startedAt + 1 },
      ...WHOLE_UPLOAD.slice(1, 4),
    ]
    await leave(jobNameOf(UPLOAD), journalOf(upload))
    await leave(jobNameOf(DOWNLOAD), journalOf(WHOLE_DOWNLOAD.slice(0, 3)))
    const lock = await JobLock.take(join(directory(), 'journals'), jobNameOf(UPLOAD))
    const { jobs, failures } = await listJobs(directory())
    await lock.release()
    expect(failures).toEqual([])
    expect(jobs).toMatchObject([
      {
        id: jobNameOf(DOWNLOAD),
        direction: 'download',
        path: '/data/b.bin',
        startedAt: DOWNLOAD.startedAt,
        bytesDone: 10,
        bytesTotal: 25,
        isRunning: false,
      },
      { id: jobNameOf(UPLOAD), direction: 'upload', bytesDone: 20, isRunning: true },
    ])
    expect(Math.abs(Date.now() - (jobs[0]?.modifiedAt ?? 0))).toBeLessThan(60_000)
  })

  it('leaves out what had ended, what cannot be believed, and what is no journal', async () => {
    await leave(jobNameOf(UPLOAD), journalOf(WHOLE_UPLOAD))
    await leave(jobNameOf(DOWNLOAD), Buffer.from('garbage'))
    await writeFile(`${journalPath(directory(), jobNameOf(UPLOAD))}.new`, 'x')
    await mkdir(join(directory(), 'journals', 'a-directory'))
    expect(await listJobs(directory())).toEqual({ jobs: [], failures: [] })
  })

  it('goes on behind one that cannot be read, and says why', async () => {
    await leave(jobNameOf(UPLOAD), journalOf(WHOLE_UPLOAD.slice(0, 3)))
    await mkdir(journalPath(directory(), jobNameOf(DOWNLOAD)))
    const { jobs, failures } = await listJobs(directory())
    expect(jobs).toHaveLength(1)
    expect(failures).toMatchObject([
      { id: jobNameOf(DOWNLOAD), error: { code: 'ERR_JOURNAL_UNSAFE' } },
    ])
  })
})
