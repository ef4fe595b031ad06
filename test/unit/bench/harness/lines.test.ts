/** Lines for people, the scale that flags set, and small rules around a run. */

import { describe, expect, it } from 'vitest'
import { readArguments, type BenchOptions } from '../../../../bench/harness/arguments.ts'
import { bareEnvironment } from '../../../../bench/harness/bare-environment.ts'
import { commandFor, describeSample } from '../../../../bench/harness/describe.ts'
import { bytesOnDisk, missingSpace } from '../../../../bench/harness/free-space.ts'
import { describeMachine } from '../../../../bench/harness/machine.ts'
import { stepsOf } from '../../../../bench/harness/scale.ts'
import type { Sample } from '../../../../bench/result.ts'
import { describeStep } from '../../../../bench/workloads/workload.ts'
import { fakeWorkload } from './fakes.ts'

const GiB = 1024 ** 3
const TiB = 1024 ** 4

const SAMPLE: Sample = {
  peer: 's5cmd',
  variant: 'equal',
  run: 2,
  userSeconds: 0.5,
  systemSeconds: 1.5,
  peakRss: 100 * 1024 ** 2,
  wallSeconds: 3,
  connections: 1,
  requests: 2,
  serverCpuSeconds: 1,
}

function options(...argv: string[]): BenchOptions {
  return readArguments(argv, [{ name: 'fake' }], [{ name: 's5cmd' }])
}

describe('the line of a run', () => {
  it.each([
    ['s/GiB' as const, { count: 1, size: 4 * GiB }, '0.50 s/GiB'],
    ['µs/object' as const, { count: 1000, size: 1 }, '2000.0 µs/object'],
    ['ms' as const, { count: 1, size: 1 }, '2000 ms'],
  ])('has CPU time of user and system in %s', (unit, step, cost) => {
    expect(describeSample(SAMPLE, step, unit)).toContain(`${cost}, 100 MiB, 3.00 s`)
  })

  it('names the variant that is not made equal', () => {
    const sample: Sample = { ...SAMPLE, variant: 'default' }
    expect(describeSample(sample, { count: 1, size: 1 }, 'ms')).toMatch(
      /^run 2 {2}s5cmd \(default\)/,
    )
  })
})

describe('the command that repeats a result', () => {
  it('has the flags that matter to the workload', () => {
    const given = options('--size', '64MiB', '--count-scale', '0.5', '--variants', 'equal,default')
    expect(commandFor(fakeWorkload(), given)).toBe(
      'npm run bench -- --filter fake --size 64MiB --runs 3 --variants equal,default',
    )
    expect(commandFor(fakeWorkload({ scaledBy: 'count', hasVariants: false }), given)).toBe(
      'npm run bench -- --filter fake --count-scale 0.5 --runs 3',
    )
  })

  it('does not give another store away', () => {
    const given = options('--endpoint-url', 'https://store.test', '--bucket', 'secret')
    expect(commandFor(fakeWorkload(), given)).toMatch(/--endpoint-url URL --bucket NAME$/)
  })
})

describe('the scale', () => {
  const steps = [
    { count: 1, size: 10 },
    { count: 1, size: 20 },
  ]

  it('sets the size of a large object, and the largest step of a sweep', () => {
    const scale = { size: 15, countScale: 0.1 }
    expect(stepsOf(fakeWorkload(), scale)).toEqual([{ count: 1, size: 15 }])
    expect(stepsOf(fakeWorkload({ steps }), scale)).toEqual([{ count: 1, size: 10 }])
    expect(stepsOf(fakeWorkload({ steps }), { size: undefined, countScale: 1 })).toEqual(steps)
  })

  it('shrinks the number of many objects, which stay many', () => {
    const many = fakeWorkload({ scaledBy: 'count', count: 1000 })
    expect(stepsOf(many, { size: 99, countScale: 0.1 })).toEqual([{ count: 100, size: 10 }])
    expect(stepsOf(many, { size: 99, countScale: 0.0001 })).toEqual([{ count: 2, size: 10 }])
  })

  it('leaves a fixed workload as it is', () => {
    const fixed = fakeWorkload({ scaledBy: 'nothing' })
    expect(stepsOf(fixed, { size: 99, countScale: 0.1 })).toEqual([{ count: 1, size: 10 }])
  })
})

describe('space on the disk', () => {
  it('is counted in whole blocks', () => {
    expect(bytesOnDisk(1000, 1)).toBe(1000 * 4096)
    expect(bytesOnDisk(2, 4097)).toBe(2 * 8192)
  })

  it('is missing for what no disk holds, and not for a byte', async () => {
    expect(await missingSpace(import.meta.dirname, 1, 4096 * TiB)).toBeGreaterThan(TiB)
    const nothing = await missingSpace(import.meta.dirname, 1, 0)
    expect(await missingSpace(import.meta.dirname, 1, 1)).toBe(nothing === 0 ? 0 : nothing + 4096)
  })
})

describe('the surroundings', () => {
  it('of a measured process are those of the adapter, and few others', () => {
    const env = bareEnvironment('/bin', '/scratch', { AWS_CA_BUNDLE: '/ca.pem' })
    expect(env).toMatchObject({ PATH: '/bin', HOME: '/scratch', AWS_CA_BUNDLE: '/ca.pem' })
    expect(env).not.toHaveProperty('NODE_OPTIONS')
  })

  it('are described without paths and names of hosts', async () => {
    const machine = await describeMachine(import.meta.dirname)
    expect(machine['Node']).toBe(process.versions.node)
    expect(machine['undici']).toMatch(/^\d+\.\d+\.\d+/)
    expect(Object.values(machine).filter((value) => /^\/|\/home/.test(value))).toEqual([])
  })
})

describe('a step', () => {
  it('is named for people', () => {
    expect(describeStep({ count: 1, size: 4 * GiB })).toBe('one 4 GiB object')
    expect(describeStep({ count: 10_000, size: 65_536 })).toBe('10,000 objects of 64 KiB')
  })
})
