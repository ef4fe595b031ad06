/** The report: made from results alone, and the one in the project made from those kept in it. */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Sample } from '../../../bench/measure.ts'
import { renderResults, replaceTables } from '../../../bench/report.ts'
import { loadResults, type WorkloadResult } from '../../../bench/results.ts'
import { WORKLOADS } from '../../../bench/workloads/all.ts'

const GiB = 1024 ** 3
const MiB = 1024 ** 2
const ROOT = new URL('../../../', import.meta.url)

function sample(peer: string, run: number, cpuSeconds: number): Sample {
  return {
    peer,
    run,
    userSeconds: cpuSeconds / 4,
    systemSeconds: (cpuSeconds * 3) / 4,
    peakRss: 100 * MiB,
    transferMs: 900,
    wallMs: 1000,
    reapedCpuSeconds: cpuSeconds,
    connections: 5,
    requests: 10,
    serverCpuSeconds: 2,
  }
}

function result(changes: Partial<WorkloadResult> = {}): WorkloadResult {
  return {
    workload: 'download',
    title: 'Download into a new file',
    verification: 'Every byte is compared.',
    size: 2 * GiB,
    reference: 'other',
    peers: [
      { name: 'ours', settings: 'as it comes' },
      { name: 'other', settings: 'as it comes, too' },
    ],
    date: '2026-01-02',
    command: 'npm run bench -- --size 2GiB --runs 3',
    loadBefore: 0.5,
    machine: { processor: '2 × Example', Node: '20.19.0' },
    samples: [
      sample('ours', 1, 2),
      sample('other', 1, 8),
      sample('ours', 2, 3),
      sample('other', 2, 8),
      sample('ours', 3, 2),
      sample('other', 3, 10),
    ],
    ...changes,
  }
}

/** Cells of the table row that starts with `name`. */
function row(markdown: string, name: string): string[] {
  const line = markdown.split('\n').find((each) => each.startsWith(`| ${name} |`)) ?? ''
  return line.split('|').map((cell) => cell.trim())
}

describe('tables', () => {
  it('divide CPU time by the bytes moved and by the reference of the same run', () => {
    const [, , cpu, ratio, user, system] = row(renderResults([result()]), 'ours')
    expect(cpu).toBe('1.00 (1.00 – 1.50)')
    expect(ratio).toBe('0.25 ± 0.09')
    expect([user, system]).toEqual(['0.25', '0.75'])
  })

  it('show memory, wall time, connections and the CPU time of the store', () => {
    expect(row(renderResults([result()]), 'other').slice(6, 10)).toEqual([
      '100',
      '1.0',
      '5',
      '1.00',
    ])
  })

  it('compare nothing where only one peer ran', () => {
    const samples = result().samples.filter(({ peer }) => peer === 'ours')
    const peers = result().peers.slice(0, 1)
    const markdown = renderResults([result({ samples, peers, reference: 'ours' })])
    expect(markdown).not.toContain('of ours')
    expect(row(markdown, 'ours')).toHaveLength(10)
  })

  it('have as many cells in every row as in the head', () => {
    const tables = renderResults([result()]).trim().split('\n\n')
    for (const table of tables.filter((block) => block.startsWith('| '))) {
      const counts = table.split('\n').map((line) => line.split('|').length)
      expect(new Set(counts)).toEqual(new Set(counts.slice(0, 1)))
    }
  })

  it('say with which command, when and on what they were measured', () => {
    const markdown = renderResults([result()])
    expect(markdown).toContain('`npm run bench -- --size 2GiB --runs 3`')
    expect(markdown).toContain('2026-01-02')
    expect(row(markdown, 'processor')[2]).toBe('2 × Example')
  })

  it('name a machine once for all workloads that ran on it', () => {
    const other = result({ workload: 'upload' })
    const markdown = renderResults([
      result(),
      other,
      result({ workload: 'x', machine: { a: 'b' } }),
    ])
    expect(row(markdown, 'measured')[2]).toBe('download, upload')
    expect(row(markdown, 'a')[2]).toBe('b')
  })
})

describe('the document', () => {
  const document =
    'before\n<!-- bench: generated, do not edit -->\nold\n<!-- bench: end -->\nafter\n'

  it('keeps what stands outside of the markers', () => {
    expect(replaceTables(document, 'new\n')).toBe(
      'before\n<!-- bench: generated, do not edit -->\n\nnew\n\n<!-- bench: end -->\nafter\n',
    )
  })

  it('is the same when written twice', () => {
    const once = replaceTables(document, 'new\n')
    expect(replaceTables(once, 'new\n')).toBe(once)
  })

  it('is refused when a marker is missing', () => {
    expect(() => replaceTables('no markers', 'new')).toThrow(/Expected <!-- bench/)
  })

  it('holds exactly what the kept results say, and nothing typed by hand', async () => {
    const names = WORKLOADS.map(({ name }) => name)
    const kept = await loadResults(fileURLToPath(new URL('bench/results/', ROOT)), names)
    const written = readFileSync(new URL('BENCHMARKS.md', ROOT), 'utf8')
    expect(kept.map(({ workload }) => workload)).toEqual(names)
    expect(replaceTables(written, renderResults(kept))).toBe(written)
  })
})
