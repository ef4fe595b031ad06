/** Trees on which a task is done that moves nothing. */

import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ObjectSet } from '../../../../bench/harness/site.ts'
import { TaskStage, type TaskStageOptions } from '../../../../bench/harness/task-stage.ts'
import { nameOf } from '../../../../bench/server/content.ts'
import { useTemporaryDirectory } from '../../../helpers/temporary-directory.ts'
import { fakeSite } from './fakes.ts'

const directory = useTemporaryDirectory()

const COUNT = 1500

function counted() {
  const stats = { connections: 0, requests: 0, moves: 0, cpuSeconds: 0 }
  const published: number[] = []
  const site = {
    ...fakeSite(),
    stats: async () => ({ ...stats }),
    publish: async (_: ObjectSet, modifiedMs = NaN) => void published.push(modifiedMs),
  }
  const prepare = (changes: Partial<TaskStageOptions> = {}) => {
    const what = {
      key: 'tree/',
      count: COUNT,
      size: 3,
      operation: 'upload',
      secure: false,
    } as const
    const options: TaskStageOptions = { ...what, inMemory: false, task: 'sync', ...changes }
    const { signal } = new AbortController()
    return TaskStage.prepare(site, join(directory(), 'files'), options, signal)
  }
  return { stats, published, site, prepare }
}

describe('a tree that is in place on both sides', () => {
  it.each([
    ['upload', 3_600_000],
    ['download', 0],
  ] as const)(
    'for %s has files that are %d ms older than their objects',
    async (operation, age) => {
      const { prepare, published } = counted()
      const stage = await prepare({ operation })
      for (const index of [0, COUNT - 1]) {
        const { size, mtimeMs } = statSync(join(stage.job(undefined).path, nameOf(index)))
        expect(size).toBe(3)
        expect(mtimeMs).toBe((published[0] ?? 0) - age)
      }
      expect((published[0] ?? 1) % 1000).toBe(0)
    },
  )

  it('is only listed without any files', async () => {
    const { prepare, published } = counted()
    const stage = await prepare({ task: 'list', operation: 'download' })
    expect(published).toHaveLength(1)
    expect(existsSync(stage.job(undefined).path)).toBe(false)
  })

  it('is believed unchanged by who asked for enough, and moved nothing', async () => {
    const { stats, prepare } = counted()
    const stage = await prepare()
    await stage.reset()
    await expect(stage.verify()).rejects.toThrow('0 requests cannot list it; that takes 2')
    stats.requests += 2
    await expect(stage.verify()).resolves.toBeUndefined()
    stats.moves += 1
    await expect(stage.verify()).rejects.toThrow('1 requests moved something')
  })

  it('is made again for the next when somebody moved something', async () => {
    const { stats, prepare, published, site } = counted()
    const stage = await prepare()
    await stage.reset()
    await stage.reset()
    expect(published).toHaveLength(1)
    stats.moves += 1
    await stage.reset()
    expect(site.calls).toEqual(['clear tree/'])
    expect(published).toHaveLength(2)
  })

  it('is removed at the end, from both sides', async () => {
    const { prepare, site } = counted()
    const stage = await prepare()
    await stage[Symbol.asyncDispose]()
    expect(existsSync(join(directory(), 'files'))).toBe(false)
    expect(site.calls).toEqual(['clear tree/'])
  })
})
