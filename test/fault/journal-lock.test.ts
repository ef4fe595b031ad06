/** The lock of a transfer between processes, some of which are killed while they have it. */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { useChildren, type KillableChild } from '../helpers/killable-child.ts'
import { useTemporaryDirectory } from '../helpers/temporary-directory.ts'

const JOB = 'a'.repeat(32)
const CHILDREN = 4
const ROUNDS = 5

const directory = useTemporaryDirectory()
const startScript = useChildren(directory)

/** A process that finds `take`, which waits for the lock, and `note`, which writes to one log. */
async function startChild(body: string): Promise<KillableChild> {
  return startScript(`
    import { appendFileSync } from 'node:fs'
    import { setTimeout as delay } from 'node:timers/promises'
    import { JobLock } from 'DIST/src/journal/job-lock.js'
    const note = (word) => appendFileSync('${join(directory(), 'log')}', word + ' ' + process.pid + '\\n')
    const takeOnce = () => JobLock.take('${directory()}', '${JOB}')
    const take = async () => {
      for (;;) {
        try { return await takeOnce() }
        catch (error) { if (error.code !== 'ERR_JOURNAL_LOCKED') throw error }
        await delay(5)
      }
    }
    ${body}
  `)
}

async function locks(): Promise<string[]> {
  return (await readdir(directory())).filter((name) => name.endsWith('.lock'))
}

const HOLD = `await take(); note('enter'); console.log('held'); await delay(60_000)`

/** What a process that tries once is told. */
async function answer(): Promise<string> {
  const child = await startChild(`
    try { await (await takeOnce()).release(); console.log('free') }
    catch (error) { console.log(error.code) }`)
  await child.ended()
  return child.output().trim()
}

describe('the lock of a transfer', () => {
  test('is kept from others while its process lives, also when that is stopped', async () => {
    const holder = await startChild(HOLD)
    await holder.started()
    expect(await answer()).toBe('ERR_JOURNAL_LOCKED')
    holder.process.kill('SIGSTOP')
    expect(await answer()).toBe('ERR_JOURNAL_LOCKED')
    expect(await locks()).toHaveLength(1)
    await holder.kill()
    expect(await locks()).toHaveLength(1)
    expect(await answer()).toBe('free')
    expect(await locks()).toEqual([])
  })

  test('has one holder at a time, however many want it, and whoever is killed', async () => {
    const victim = await startChild(HOLD)
    await victim.started()
    const loop = `
      for (let round = 0; round < ${ROUNDS}; round += 1) {
        const lock = await take()
        note('enter')
        await delay(Math.random() * 4)
        note('leave')
        await lock.release()
      }`
    const others: KillableChild[] = []
    for (let child = 0; child < CHILDREN; child += 1) others.push(await startChild(loop))
    await victim.kill()
    expect(await Promise.all(others.map((child) => child.ended()))).toEqual(others.map(() => 0))
    const log = (await readFile(join(directory(), 'log'), 'utf8')).trim().split('\n')
    expect(log).toHaveLength(1 + CHILDREN * ROUNDS * 2)
    expect(log[0]).toBe(`enter ${victim.process.pid}`)
    for (let at = 1; at < log.length; at += 2) {
      expect(log[at]).toMatch(/^enter/)
      expect(log[at + 1]).toBe(log[at]?.replace('enter', 'leave'))
    }
    expect(await locks()).toEqual([])
  })
})
