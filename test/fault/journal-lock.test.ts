/** The lock of a transfer between processes, some of which are killed while they have it. */

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { useTemporaryDirectory } from '../helpers/temporary-directory.ts'

const LOCK_MODULE = new URL('../../dist/src/journal/job-lock.js', import.meta.url).href
const JOB = 'a'.repeat(32)
const CHILDREN = 4
const ROUNDS = 5

const directory = useTemporaryDirectory()
const children: ChildProcess[] = []

/**
 * A process that enters and leaves what the lock guards, and writes both down in one log. It finds
 * `take` and `note`; what it prints is told to the test.
 */
async function startChild(body: string): Promise<ChildProcess> {
  const path = join(directory(), `child-${children.length}.mjs`)
  await writeFile(
    path,
    `
    import { appendFileSync } from 'node:fs'
    import { setTimeout as delay } from 'node:timers/promises'
    import { JobLock } from '${LOCK_MODULE}'
    const note = (word) => appendFileSync('${join(directory(), 'log')}', word + ' ' + process.pid + '\\n')
    const take = async () => {
      for (;;) {
        try { return await JobLock.take('${directory()}', '${JOB}') }
        catch (error) { if (error.code !== 'ERR_JOURNAL_LOCKED') throw error }
        await delay(5)
      }
    }
    ${body}
    `,
  )
  const child = spawn(process.execPath, [path], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  return child
}

/** Waits until a child has printed something; then it holds the lock. */
async function held(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error('a child has an output')
  await once(child.stdout, 'data')
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

async function locks(): Promise<string[]> {
  return (await readdir(directory())).filter((name) => name.endsWith('.lock'))
}

const HOLD = `await take(); note('enter'); console.log('held'); await delay(60_000)`
/** What a process that tries once is told. */
async function answer(): Promise<string> {
  const child = await startChild(`
    try { await (await JobLock.take('${directory()}', '${JOB}')).release(); console.log('free') }
    catch (error) { console.log(error.code) }`)
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(child, 'close')
  return Buffer.concat(chunks).toString().trim()
}

describe('the lock of a transfer', () => {
  afterEach(async () => {
    const alive = children.filter((child) => child.exitCode === null && child.signalCode === null)
    await Promise.all(alive.map(kill))
    children.length = 0
  })

  test('is kept from others while its process lives, also when that is stopped', async () => {
    const holder = await startChild(HOLD)
    await held(holder)
    expect(await answer()).toBe('ERR_JOURNAL_LOCKED')
    holder.kill('SIGSTOP')
    expect(await answer()).toBe('ERR_JOURNAL_LOCKED')
    expect(await locks()).toHaveLength(1)
    await kill(holder)
    expect(await locks()).toHaveLength(1)
    expect(await answer()).toBe('free')
    expect(await locks()).toEqual([])
  })

  test('has one holder at a time, however many want it, and whoever is killed', async () => {
    const victim = await startChild(HOLD)
    await held(victim)
    const loop = `
      for (let round = 0; round < ${ROUNDS}; round += 1) {
        const lock = await take()
        note('enter')
        await delay(Math.random() * 4)
        note('leave')
        await lock.release()
      }`
    const others = await Promise.all(Array.from({ length: CHILDREN }, () => startChild(loop)))
    const ended = others.map(async (child) => (await once(child, 'exit'))[0] as unknown)
    await kill(victim)
    expect(await Promise.all(ended)).toEqual(others.map(() => 0))
    const log = (await readFile(join(directory(), 'log'), 'utf8')).trim().split('\n')
    expect(log).toHaveLength(1 + CHILDREN * ROUNDS * 2)
    expect(log[0]).toBe(`enter ${victim.pid}`)
    for (let at = 1; at < log.length; at += 2) {
      expect(log[at]).toMatch(/^enter/)
      expect(log[at + 1]).toBe(log[at]?.replace('enter', 'leave'))
    }
    expect(await locks()).toEqual([])
  })
})
