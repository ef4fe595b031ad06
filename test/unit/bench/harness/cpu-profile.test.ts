/** Profiles: times of functions, whose code they are, and their picture. */

import { describe, expect, it } from 'vitest'
import {
  byFunction,
  byGroup,
  groupOf,
  placeOf,
  stackOf,
  type CallFrame,
  type CpuProfile,
} from '../../../../bench/harness/cpu-profile.ts'
import { renderFlameGraph } from '../../../../bench/harness/flame-graph.ts'
import { shorten } from '../../../../bench/harness/perf.ts'
import { renderProfile, threadOf } from '../../../../bench/harness/profile-report.ts'

function frame(functionName: string, url = '', lineNumber = 0): CallFrame {
  return { functionName, url, lineNumber }
}

/** root → send → write, and root → idle; 1 ms between samples. */
const PROFILE: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 4] },
    {
      id: 2,
      callFrame: frame('send', 'file:///project/dist/workers/exchange.js', 9),
      children: [3],
    },
    { id: 3, callFrame: frame('write<T>', 'node:net', 99) },
    { id: 4, callFrame: frame('(idle)') },
  ],
  samples: [2, 3, 3, 4, 2],
  timeDeltas: [500, 1000, 1000, 1000, 5000],
}

describe('time', () => {
  it('belongs to a sample until the next one', () => {
    expect(byFunction(stackOf([PROFILE])).map(({ name, micros }) => [name, micros])).toEqual([
      ['write<T>', 2000],
      ['send', 1000],
    ])
  })

  it('of a function has that of what it called, and none in which the thread waited', () => {
    const root = stackOf([PROFILE])
    const [send] = root.children.values()
    expect(root.total).toBe(3000)
    expect(send).toMatchObject({ self: 1000, total: 3000 })
  })

  it('of several threads adds up', () => {
    expect(stackOf([PROFILE, PROFILE]).total).toBe(6000)
  })
})

describe('groups', () => {
  it.each([
    [frame('(garbage collector)'), 'garbage collector'],
    [frame('(program)'), 'native, outside of JavaScript'],
    [frame('writeBuffer'), 'native functions called'],
    [frame('f', 'node:net'), 'Node'],
    [frame('f', 'file:///p/node_modules/undici/lib/core/util.js'), 'undici'],
    [frame('f', 'file:///p/node_modules/@aws-sdk/core/dist/index.js'), '@aws-sdk/core'],
    [frame('f', 'file:///p/dist/src/engine.js'), 'ours: src'],
    [frame('f', 'file:///p/dist/workers/part.js'), 'ours: workers'],
    [frame('f', 'file:///p/x.js'), 'other files'],
  ])('%o is %s', (callFrame, group) => {
    expect(groupOf(callFrame)).toBe(group)
  })

  it('add up to all', () => {
    const groups = byGroup(stackOf([PROFILE]))
    expect(groups.map(({ name, micros }) => [name, micros])).toEqual([
      ['Node', 2000],
      ['ours: workers', 1000],
    ])
  })
})

describe('what is shown', () => {
  it('names places without the directories of the machine', () => {
    expect(placeOf(frame('f', 'file:///project/dist/workers/part.js', 4))).toBe('workers/part.js:5')
    expect(placeOf(frame('f', 'file:///p/node_modules/undici/x.js', 0))).toBe('undici/x.js:1')
    expect(placeOf(frame('f', 'node:net', 1))).toBe('node:net:2')
  })

  it('are shares of the time that was not idle', () => {
    const text = renderProfile({ title: 'main thread', root: stackOf([PROFILE]) }, 1)
    expect(text).toContain('main thread, 0.00 s not idle')
    expect(text).toMatch(/66\.7 % +2\.0 ms {2}write<T> +node:net:100/)
    expect(text).not.toMatch(/send/)
  })

  it('knows threads by the names of their files', () => {
    expect(threadOf('CPU.20260102.120000.4242.0.001.cpuprofile')).toBe(0)
    expect(threadOf('CPU.20260102.120000.4242.3.004.cpuprofile')).toBe(3)
    expect(threadOf('flame-graph.svg')).toBeUndefined()
  })

  it('leaves the empty columns of perf out', () => {
    expect(shorten('  4.85%  node  [k] f          -      -     ')).toBe('  4.85%  node  [k] f')
  })
})

describe('the flame graph', () => {
  const svg = renderFlameGraph([{ title: 'workers', root: stackOf([PROFILE]) }])

  it('has a box for each function, as wide as its time', () => {
    expect(svg.match(/<title>/g)).toHaveLength(3)
    expect(svg).toMatch(/<title>send workers\/exchange\.js:10 3\.0 ms \(100\.0 %\), self 1\.0 ms/)
    const widths = [...svg.matchAll(/<g>.*?width="([\d.]+)"/g)].map((match) => Number(match[1]))
    expect((widths[2] ?? 0) / (widths[0] ?? 1)).toBeCloseTo(2 / 3, 2)
  })

  it('writes names so that they stay text', () => {
    expect(svg).toContain('write&lt;T&gt;')
    expect(svg).not.toContain('write<T>')
  })
})
