import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutIntoTasks } from '../../../src/pool/task-cutter.ts'

const KiB = 1024
const MiB = 1024 * KiB
const jobs = (count: number, length: number) =>
  Array.from({ length: count }, (_, number) => ({ number, length }))
const lengths = (tasks: readonly (readonly unknown[])[]) => tasks.map((task) => task.length)

describe('the jobs of a turn', () => {
  it('go together when they are few and small', () => {
    expect(lengths(cutIntoTasks(jobs(5, 4 * KiB), 2))).toEqual([5])
    expect(lengths(cutIntoTasks(jobs(1, 8 * MiB), 2))).toEqual([1])
    expect(cutIntoTasks([], 2)).toEqual([])
  })

  it('are shared out evenly when they are many', () => {
    expect(lengths(cutIntoTasks(jobs(40, 4 * KiB), 2))).toEqual([20, 20])
    expect(lengths(cutIntoTasks(jobs(130, 4 * KiB), 1))).toEqual([64, 64, 2])
  })

  it('go alone when they are large', () => {
    expect(lengths(cutIntoTasks(jobs(3, 8 * MiB), 1))).toEqual([1, 1, 1])
    const mixed = [...jobs(2, KiB), { number: 9, length: 5 * MiB }, ...jobs(2, KiB)]
    expect(lengths(cutIntoTasks(mixed, 1))).toEqual([2, 1, 2])
  })

  it('are all there, in their order, with one thread or many or none yet', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ length: fc.nat(3 * MiB) }), { maxLength: 300 }),
        fc.nat(64),
        (given, threads) => {
          const tasks = cutIntoTasks(given, threads)
          expect(tasks.flat()).toEqual(given)
          for (const task of tasks) expect(task.length).toBeGreaterThan(0)
        },
      ),
    )
  })
})
