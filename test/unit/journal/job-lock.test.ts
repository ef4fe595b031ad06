import { readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { holderOf, JobLock } from '../../../src/journal/job-lock.ts'
import { livenessOf, ownIdentity } from '../../../src/journal/process-identity.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const JOB = 'a'.repeat(32)
const directory = useTemporaryDirectory()
const isLinux = process.platform === 'linux'

type Identity = ReturnType<typeof ownIdentity>

/** The lock of another process, as it would have left it. */
async function leaveLock(change: Partial<Identity>, job = JOB): Promise<string> {
  const { host, boot, namespace, pid, startedAt } = { ...ownIdentity(), ...change }
  const path = join(directory(), `${[job, host, boot, namespace, pid, startedAt].join('.')}.lock`)
  await writeFile(path, '')
  return path
}

describe('the lock of a transfer', () => {
  it('is held once, and free again after it was given back', async () => {
    const lock = await JobLock.take(directory(), JOB)
    await expect(JobLock.take(directory(), JOB)).rejects.toMatchObject({
      code: 'ERR_JOURNAL_LOCKED',
      message: expect.stringContaining('this process') as string,
    })
    expect(await holderOf(directory(), JOB)).toMatchObject({ pid: process.pid })
    await lock.release()
    expect(await holderOf(directory(), JOB)).toBeUndefined()
    await (await JobLock.take(directory(), JOB)).release()
    expect(await readdir(directory())).toEqual([])
  })

  it('does not hinder another transfer', async () => {
    const one = await JobLock.take(directory(), JOB)
    const other = await JobLock.take(directory(), 'b'.repeat(32))
    await one.release()
    await other.release()
  })

  it('is refused while the process that has it lives', async () => {
    // The parent of a test lives as long as the test.
    const start = await startOf(process.ppid)
    const path = await leaveLock({ pid: process.ppid, startedAt: start })
    await expect(JobLock.take(directory(), JOB)).rejects.toMatchObject({
      code: 'ERR_JOURNAL_LOCKED',
      message: expect.stringContaining(`process ${process.ppid}`) as string,
      context: { path },
    })
    expect(await readdir(directory())).toHaveLength(1)
  })

  it.runIf(isLinux).each<[string, Partial<Identity>]>([
    ['that ended', { pid: 2 ** 22 + 1 }],
    ['whose id another has now', { startedAt: '1' }],
    ['of an earlier start of this machine', { boot: 'ffffffff' }],
  ])('is taken from a process %s', async (_, change) => {
    await leaveLock(change)
    await leaveLock({ ...change }, 'b'.repeat(32))
    const lock = await JobLock.take(directory(), JOB)
    expect(await readdir(directory())).toHaveLength(2)
    await lock.release()
  })

  it.each<[string, Partial<Identity>]>([
    ['another machine', { host: 'ffffffff' }],
    ['another container', { namespace: '1', pid: 2 ** 22 + 1 }],
  ])('is left to %s until that has been silent for long', async (_, change) => {
    const path = await leaveLock(change)
    await expect(JobLock.take(directory(), JOB)).rejects.toMatchObject({
      code: 'ERR_JOURNAL_LOCKED',
    })
    const longAgo = new Date(Date.now() - 16 * 60_000)
    await utimes(path, longAgo, longAgo)
    await (await JobLock.take(directory(), JOB)).release()
    expect(await readdir(directory())).toEqual([])
  })

  it('cannot be taken where nothing can be written', async () => {
    const taken = JobLock.take(join(directory(), 'missing'), JOB)
    await expect(taken).rejects.toMatchObject({ code: 'ERR_JOURNAL_UNWRITABLE' })
  })
})

describe('a process', () => {
  it('knows itself to be alive', () => {
    expect(livenessOf(ownIdentity())).toBe('alive')
  })

  it('is believed to live while its id does, where its start is not known', () => {
    expect(livenessOf({ ...ownIdentity(), startedAt: '0' })).toBe('alive')
  })
})

async function startOf(pid: number): Promise<string> {
  if (!isLinux) return '0'
  const text = await readFile(`/proc/${pid}/stat`, 'latin1')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '0'
}
