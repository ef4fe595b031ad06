/** Tables of results: made from the samples alone. */

import { describe, expect, it } from 'vitest'
import type { WorkloadResult } from '../../../bench/result.ts'
import { renderSummary } from '../../../bench/report/summary.ts'
import { renderTable } from '../../../bench/report/tables.ts'
import { GiB, KiB } from '../../../src/units.ts'
import { peer, result, runs, sweep } from './report-fixture.ts'

/** The rows of the first table, by the titles of its columns. */
function rowsIn(markdown: string): Record<string, string>[] {
  const lines = markdown.split('\n').filter((line) => line.startsWith('| '))
  const cells = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  const [titles = [], , ...rows] = cells
  return rows.map((row) => Object.fromEntries(titles.map((title, i) => [title, row[i] ?? ''])))
}

describe('the table of a workload', () => {
  it('has the cheapest first, ours in bold, and the floor last', () => {
    const names = rowsIn(renderTable(result())).map((row) => row[''])
    expect(names).toEqual(['**transfer-engine**', '@aws-sdk/client-s3', '_C floor_'])
  })

  it('divides CPU time by the bytes moved, and by the reference and the floor of the same run', () => {
    const [ours] = rowsIn(renderTable(result()))
    expect(ours).toMatchObject({
      'CPU s/GiB': '1.00 (1.00 – 1.50)',
      'of @aws-sdk/client-s3': '0.25 ± 0.09',
      'of C floor': '2.00 ± 0.70',
      user: '0.25',
      system: '0.75',
    })
  })

  it('shows memory, wall time, connections and the CPU time of the server', () => {
    const [ours] = rowsIn(renderTable(result()))
    expect(ours).toMatchObject({
      'peak RSS MiB': '100',
      'wall s': '1.50',
      connections: '5',
      'server CPU s/GiB': '1.00',
    })
  })

  it('counts objects, not bytes, where they are small', () => {
    const small = { unit: 'µs/object', count: 10_000, size: 4 * KiB } as const
    const [ours] = rowsIn(renderTable(result(small)))
    expect(ours?.['CPU µs/object']).toBe('200 (200 – 300)')
  })

  it('shows milliseconds of a program that only starts', () => {
    const [ours] = rowsIn(renderTable(result({ unit: 'ms', count: 1, size: 1 })))
    expect(ours?.['CPU ms']).toBe('2,000 (2,000 – 3,000)')
  })

  it('divides a peer as it comes by the others as they come', () => {
    const samples = [
      ...result().samples,
      ...runs('transfer-engine', [6], { variant: 'default' }),
      ...runs('client-s3', [12], { variant: 'default' }),
    ]
    const rows = rowsIn(renderTable(result({ samples })))
    const own = rows.find((row) => row['settings'] === 'default')
    expect(own?.['of @aws-sdk/client-s3']).toBe('0.50')
  })

  it('shows a floor once, whose settings are always the same', () => {
    const samples = [...result().samples, ...runs('floor', [1, 1], { variant: 'default' })]
    const rows = rowsIn(renderTable(result({ samples })))
    expect(rows.filter((row) => row[''] === '_C floor_')).toHaveLength(1)
  })

  it('leaves a dash where the server could not be asked', () => {
    const unknown = { connections: undefined, requests: undefined, serverCpuSeconds: undefined }
    const samples = runs('transfer-engine', [2], unknown)
    const [ours] = rowsIn(renderTable(result({ samples })))
    expect(ours).toMatchObject({ connections: '–', 'server CPU s/GiB': '–' })
  })

  it('compares nothing where only one program ran', () => {
    const samples = runs('transfer-engine', [2])
    expect(renderTable(result({ samples }))).not.toContain('of @aws-sdk')
  })

  it('has a row for each step of a sweep and each peer in it', () => {
    const rows = rowsIn(renderTable(sweep([1, 1.1])))
    expect(rows.map((row) => [row['moved'], row[''], row['CPU s/GiB']])).toEqual([
      ['256 MiB', '**transfer-engine**', '1.00'],
      ['256 MiB', '@aws-sdk/client-s3', '3.00'],
      ['1 GiB', '**transfer-engine**', '1.10'],
    ])
  })

  it('stays a table when a name or a setting has a bar', () => {
    const peers = [peer('transfer-engine', 'ours', 'a|b')]
    const [row] = renderTable(result({ peers }))
      .split('\n')
      .filter((line) => line.includes('a\\|b'))
    expect(row).toMatch(/^\| \*\*a\\\|b\*\* \| equal \|/)
  })
})

describe('below the table', () => {
  const markdown = renderTable(result())

  it('stands when and how it was measured, and how to repeat it', () => {
    expect(markdown).toContain('Medians of 3 runs (least – most), 2026-01-02.')
    expect(markdown).toContain('`npm run bench -- --filter download-4g --size 2GiB --runs 3`')
    expect(markdown).toContain('Load average before it: 0.5.')
    expect(markdown).toContain('Every byte is compared.')
  })

  it('stands who took part with which version and settings, and who did not and why', () => {
    expect(markdown).toContain('- @aws-sdk/client-s3 1.2.3: settings of client-s3')
    expect(markdown).toContain(
      'Did not take part: s5cmd, rclone (not found); minio (failed in run 2).',
    )
  })
})

describe('the comparison at a glance', () => {
  it('says how many times our cost that of each peer is, floors last', () => {
    const rows = rowsIn(renderSummary([result()]))
    const column = '[download-4g](#download-of-one-2-gib-object)'
    expect(rows).toEqual([
      { '': '@aws-sdk/client-s3', [column]: '4.00 ×' },
      { '': '_C floor_', [column]: '0.50 ×' },
    ])
  })

  it('has a dash where a peer took no part in a workload', () => {
    const samples = [...runs('transfer-engine', [1]), ...runs('rclone', [2])]
    const peers = [peer('transfer-engine', 'ours'), peer('rclone', 'command')]
    const upload: WorkloadResult = result({ workload: 'up', title: 'Up', peers, samples })
    const rows = rowsIn(renderSummary([result(), upload]))
    expect(rows.find((row) => row[''] === 'rclone')).toEqual({
      '': 'rclone',
      '[download-4g](#download-of-one-2-gib-object)': '–',
      '[up](#up)': '2.00 ×',
    })
  })

  it('leaves out what only computes a checksum, and workloads without another peer', () => {
    const peers = [peer('transfer-engine', 'ours'), peer('sha256', 'floor', 'SHA-256 alone')]
    const samples = [...runs('transfer-engine', [1]), ...runs('sha256', [2])]
    expect(renderSummary([result({ peers, samples })])).toBe('')
  })

  it('has a table of its own for peers as they come', () => {
    const samples = [
      ...runs('transfer-engine', [2], { variant: 'default' }),
      ...runs('client-s3', [6], { variant: 'default' }),
    ]
    const markdown = renderSummary([result({ samples, size: GiB })])
    expect(markdown).toContain('Each as it comes')
    expect(markdown).not.toContain('equal')
    expect(rowsIn(markdown)).toHaveLength(1)
  })
})
