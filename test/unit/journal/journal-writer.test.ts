import { chmod, mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import {
  JournalWriter,
  type JournalFile,
  type OnJournalFailure,
} from '../../../src/journal/journal-writer.ts'
import { jobNameOf } from '../../../src/journal/job.ts'
import { Framer, readLines } from '../../../src/journal/lines.ts'
import { readJournal } from '../../../src/journal/read-journal.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { partOf, UPLOAD, uploadState, WHOLE_UPLOAD } from './journal-fixture.ts'

const CREATED = { type: 'created', uploadId: 'u-1' } as const
const directory = useTemporaryDirectory()

function pathOf(): string {
  return join(directory(), `${jobNameOf(UPLOAD)}.journal`)
}

async function start(
  onFailure: (error: unknown) => void = vi.fn<OnJournalFailure>(),
): Promise<JournalWriter> {
  return JournalWriter.create(pathOf(), [UPLOAD, CREATED], onFailure)
}

async function payloads(): Promise<number> {
  return readLines(await readFile(pathOf())).payloads.length
}

/** A file in memory that counts calls, and fails where it is told to. */
function fakeFile(fail: { write?: string; datasync?: string; shortBy?: number } = {}) {
  const calls: string[] = []
  let text = ''
  const failure = (code: string): Error => Object.assign(new Error(code), { code })
  const file = {
    write: (bytes: Buffer, offset: number, length: number) => {
      calls.push('write')
      if (fail.write !== undefined) return Promise.reject(failure(fail.write))
      const bytesWritten = Math.max(1, length - (fail.shortBy ?? 0))
      text += bytes.toString('latin1', offset, offset + bytesWritten)
      return Promise.resolve({ bytesWritten, buffer: bytes })
    },
    datasync: () => {
      calls.push('sync')
      return fail.datasync === undefined
        ? Promise.resolve()
        : Promise.reject(failure(fail.datasync))
    },
    close: () => {
      calls.push('close')
      return Promise.resolve()
    },
  } as unknown as JournalFile
  return { file, calls, fail, text: () => text }
}

function writerOf(
  file: JournalFile,
  onFailure: (error: unknown) => void = vi.fn<OnJournalFailure>(),
) {
  return new JournalWriter('/state/journals/x.journal', file, new Framer(), onFailure)
}

describe('the journal of a transfer', () => {
  it('is whole under its name from the beginning, for its owner alone', async () => {
    const writer = await start()
    expect((await stat(pathOf())).mode & 0o777).toBe(0o600)
    expect((await readJournal(pathOf()))?.state).toEqual(uploadState([UPLOAD, CREATED]))
    expect(await readdir(directory())).toHaveLength(1)
    await writer.close()
  })

  it('takes the place of the one before', async () => {
    await writeFile(pathOf(), 'old')
    const writer = await start()
    writer.append(partOf(1))
    await writer.close()
    const found = await readJournal(pathOf())
    expect(found).toMatchObject({ isTorn: false })
    expect(found?.state).toEqual(uploadState([UPLOAD, CREATED, partOf(1)]))
    expect(await readdir(directory())).toHaveLength(1)
  })

  it('has what was appended soon, without being asked', async () => {
    const writer = await start()
    writer.append(partOf(1))
    await vi.waitFor(async () => expect(await payloads()).toBe(3), 5000)
    await writer.close()
  })

  it('has a durable record, and all before it, when that resolves', async () => {
    const writer = await start()
    for (const record of WHOLE_UPLOAD.slice(2, 5)) writer.append(record)
    await writer.appendDurably({ type: 'completing', checksum: 'AAECAw==' })
    expect(await payloads()).toBe(6)
    await writer.close()
  })

  it('is gone when the transfer has ended', async () => {
    const writer = await start()
    expect(await writer.remove()).toBeUndefined()
    expect(await readdir(directory())).toEqual([])
  })

  it('may be closed before it is removed, or again', async () => {
    const writer = await start()
    await writer.close()
    await writer.close()
    expect(await writer.remove()).toBeUndefined()
    expect(await readdir(directory())).toEqual([])
  })

  it('says that the transfer had ended when it cannot be removed', async () => {
    const { file, text } = fakeFile()
    const path = join(directory(), 'a-directory')
    await mkdir(join(path, 'with-something'), { recursive: true })
    const writer = new JournalWriter(path, file, new Framer(), vi.fn<OnJournalFailure>())
    expect(await writer.remove()).toBe(path)
    expect(text()).toContain('"ended"')
  })
})

describe('records', () => {
  it('travel in groups', async () => {
    const { file, calls, text } = fakeFile()
    const writer = writerOf(file)
    for (let part = 1; part <= 32; part += 1) writer.append({ ...partOf(1), part })
    await vi.waitFor(() => expect(text().split('\n')).toHaveLength(33), 5000)
    expect(calls).toEqual(['write'])
    await writer.close()
  })

  it('that wait together for the disk share one sync', async () => {
    const { file, calls, text } = fakeFile()
    const writer = writerOf(file)
    writer.append(partOf(1))
    await Promise.all(WHOLE_UPLOAD.slice(5, 8).map((record) => writer.appendDurably(record)))
    expect(text().trimEnd().split('\n')).toHaveLength(4)
    expect(calls.filter((call) => call === 'sync').length).toBeLessThanOrEqual(2)
    await writer.close()
  })

  it('are written whole by writes that are short', async () => {
    const { file, text } = fakeFile({ shortBy: 7 })
    const writer = writerOf(file)
    await writer.appendDurably(CREATED)
    const framer = new Framer()
    expect(text()).toBe(framer.line(JSON.stringify(CREATED)))
    await writer.close()
  })
})

describe('a journal that cannot be written', () => {
  it.each([
    ['ENOSPC', 'ERR_DISK_FULL'],
    ['EDQUOT', 'ERR_DISK_FULL'],
    ['EIO', 'ERR_DISK_IO'],
    ['EROFS', 'ERR_JOURNAL_UNWRITABLE'],
  ])('fails with %s as %s, and writes nothing more', async (errno, code) => {
    const onFailure = vi.fn<OnJournalFailure>()
    const { file, calls, fail } = fakeFile({ write: errno })
    const writer = writerOf(file, onFailure)
    writer.append(partOf(1))
    await expect(writer.appendDurably(CREATED)).rejects.toMatchObject({
      code,
      context: { path: '/state/journals/x.journal' },
    })
    delete fail.write
    writer.append(partOf(2))
    await expect(writer.appendDurably(CREATED)).rejects.toMatchObject({ code })
    await writer.close()
    expect(calls).toEqual(['write', 'close'])
    expect(onFailure).toHaveBeenCalledTimes(1)
  })

  it('never syncs again after a sync that failed', async () => {
    const onFailure = vi.fn<OnJournalFailure>()
    const { file, calls, fail } = fakeFile({ datasync: 'EIO' })
    const writer = writerOf(file, onFailure)
    await expect(writer.appendDurably(CREATED)).rejects.toMatchObject({ code: 'ERR_DISK_IO' })
    delete fail.datasync
    await expect(writer.appendDurably(CREATED)).rejects.toMatchObject({ code: 'ERR_DISK_IO' })
    await writer.close()
    expect(calls).toEqual(['write', 'sync', 'close'])
    expect(onFailure).toHaveBeenCalledTimes(1)
  })

  it('tells of a record that nobody waits for', async () => {
    const onFailure = vi.fn<OnJournalFailure>()
    const writer = writerOf(fakeFile({ write: 'ENOSPC' }).file, onFailure)
    writer.append(partOf(1))
    await vi.waitFor(() => expect(onFailure).toHaveBeenCalled(), 5000)
    expect(onFailure.mock.calls[0]?.[0]).toMatchObject({ code: 'ERR_DISK_FULL' })
    await writer.close()
  })

  it('leaves the old one, and nothing else, when it cannot be begun', async () => {
    const path = join(directory(), 'missing', 'x.journal')
    const begun = JournalWriter.create(path, [UPLOAD], vi.fn<OnJournalFailure>())
    await expect(begun).rejects.toMatchObject({ code: 'ERR_JOURNAL_UNWRITABLE' })
    await mkdir(join(pathOf(), 'with-something'), { recursive: true })
    await expect(start()).rejects.toMatchObject({ code: 'ERR_JOURNAL_UNWRITABLE' })
    expect(await readdir(directory())).toEqual([`${jobNameOf(UPLOAD)}.journal`])
  })
})

describe('reading a journal', () => {
  it('finds none where there is none', async () => {
    expect(await readJournal(pathOf())).toBeUndefined()
  })

  it('refuses a newer version, and leaves it as it is', async () => {
    const { crc32 } = await import('node:zlib')
    const header = 'transfer-engine-journal 2'
    const text = `${header} ${crc32(header).toString(16).padStart(8, '0')}\nnews\n`
    await writeFile(pathOf(), text, { mode: 0o600 })
    await expect(readJournal(pathOf())).rejects.toMatchObject({ code: 'ERR_JOURNAL_VERSION' })
    expect(await readFile(pathOf(), 'utf8')).toBe(text)
  })

  it('does not believe one under the name of another transfer', async () => {
    await (await start()).close()
    const copy = join(directory(), `${'0'.repeat(32)}.journal`)
    await writeFile(copy, await readFile(pathOf()), { mode: 0o600 })
    expect(await readJournal(copy)).toMatchObject({ state: undefined, isTorn: true })
  })

  it('believes nothing of a file that is too large to be one', async () => {
    const file = await open(pathOf(), 'wx', 0o600)
    await file.truncate(65 * 1024 * 1024)
    await file.close()
    expect(await readJournal(pathOf())).toMatchObject({ state: undefined, isTorn: true })
  })

  it.each([0o620, 0o602, 0o666])('refuses one that others may write: mode %o', async (mode) => {
    await (await start()).close()
    await chmod(pathOf(), mode)
    await expect(readJournal(pathOf())).rejects.toMatchObject({ code: 'ERR_JOURNAL_UNSAFE' })
  })

  it('refuses what is no file, and does not wait for it', async () => {
    const { execFileSync } = await import('node:child_process')
    const { symlink, rm } = await import('node:fs/promises')
    execFileSync('mkfifo', ['-m', '600', pathOf()])
    await expect(readJournal(pathOf())).rejects.toMatchObject({ code: 'ERR_JOURNAL_UNSAFE' })
    await rm(pathOf())
    await symlink('/etc/hostname', pathOf())
    await expect(readJournal(pathOf())).rejects.toMatchObject({ code: 'ERR_JOURNAL_UNSAFE' })
  })
})
