import { crc32 } from '@node-rs/crc32'
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { jobName, journalPath } from '../../../src/journal/job.ts'
import { TransferJournal } from '../../../src/transfer/transfer-journal.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { UPLOAD } from '../journal/journal-fixture.ts'
import { makeRun, ROUTE, type RunFixture } from './run-fixture.ts'

const directory = useTemporaryDirectory()
const FILE = { size: 100, path: '/a/file', attributes: {} }

function run(): RunFixture {
  return makeRun({ state: { stateDir: directory(), recordUploads: true } })
}

/** Warnings of the process; keeps them from being printed. */
function warnings(): string[] {
  const told: string[] = []
  vi.spyOn(process, 'emitWarning').mockImplementation((text) => void told.push(String(text)))
  return told
}

afterEach(() => void vi.restoreAllMocks())

describe('the journal of a transfer', () => {
  it('is none where it is not wanted', async () => {
    const { run: unwanted } = makeRun()
    expect(await TransferJournal.open(unwanted, 'upload', FILE)).toBeUndefined()
    expect(await readdir(directory())).toEqual([])
  })

  it('is none for the second transfer of this process, until the first has ended', async () => {
    const fixture = run()
    const first = await TransferJournal.open(fixture.run, 'upload', FILE)
    expect(await TransferJournal.open(fixture.run, 'upload', FILE)).toBeUndefined()
    const other = await TransferJournal.open(fixture.run, 'download', FILE)
    await first?.end()
    await other?.end()
    const again = await TransferJournal.open(fixture.run, 'upload', FILE)
    expect(again).toBeDefined()
    await again?.end()
    expect(await readdir(join(directory(), 'journals'))).toEqual([])
  })

  it('is done without where it cannot be made, which is told once', async () => {
    const told = warnings()
    await writeFile(join(directory(), 'journals'), 'a file')
    const fixture = run()
    for (const path of ['/a', '/b']) {
      expect(await TransferJournal.open(fixture.run, 'upload', { ...FILE, path })).toBeUndefined()
    }
    expect(told).toEqual([expect.stringMatching(/^Transfers cannot be written down/)])
  })

  it('is done without where others could write it', async () => {
    const told = warnings()
    await mkdir(join(directory(), 'journals'))
    await chmod(join(directory(), 'journals'), 0o777)
    expect(await TransferJournal.open(run().run, 'upload', FILE)).toBeUndefined()
    expect(told).toEqual([expect.stringContaining('may be written by others')])
  })

  it('that cannot be begun takes no records, and ends all the same', async () => {
    const told = warnings()
    const fixture = run()
    const journal = await TransferJournal.open(fixture.run, 'upload', FILE)
    if (journal === undefined) throw new Error('there is a journal')
    const name = jobName({
      direction: 'upload',
      place: { endpoint: ROUTE.origin, bucket: 'bucket', key: 'key' },
      path: FILE.path,
    })
    await mkdir(journalPath(directory(), name))
    await journal.start([UPLOAD])
    journal.append({ type: 'created', uploadId: 'u' })
    await journal.appendDurably({ type: 'completing', checksum: 'AAECAw==' })
    await journal.keep()
    expect(told).toHaveLength(1)
    expect(fixture.run.token).toBeUndefined()
  })

  it('of another version refuses the transfer, and is left as it was', async () => {
    const fixture = run()
    const journal = await TransferJournal.open(fixture.run, 'upload', FILE)
    await journal?.start([UPLOAD])
    await journal?.keep()
    const name = `${fixture.run.token}.journal`
    const header = 'transfer-engine-journal 99'
    const text = `${header} ${crc32(header).toString(16).padStart(8, '0')}\n`
    await writeFile(join(directory(), 'journals', name), text, { mode: 0o600 })
    await expect(TransferJournal.open(fixture.run, 'upload', FILE)).rejects.toMatchObject({
      code: 'ERR_JOURNAL_VERSION',
    })
    expect(await readdir(join(directory(), 'journals'))).toEqual([name])
  })
})
