/** The report: written from results alone, and the one in the project from those kept in it. */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { renderResults, replaceResults } from '../../../bench/report/document.ts'
import { loadResults, sortResults } from '../../../bench/report/load.ts'
import { renderReport, writeReport } from '../../../bench/report/write.ts'
import type { WorkloadResult } from '../../../bench/result.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { counts, result, sweep } from './report-fixture.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const temporaryDirectory = useTemporaryDirectory()
const EMPTY = 'before\n<!-- bench: generated, do not edit -->\nold\n<!-- bench: end -->\nafter\n'

describe('the document', () => {
  it('keeps what stands outside of the markers', () => {
    expect(replaceResults(EMPTY, 'new\n')).toBe(
      'before\n<!-- bench: generated, do not edit -->\n\nnew\n\n<!-- bench: end -->\nafter\n',
    )
  })

  it('is refused when a marker is missing', () => {
    expect(() => replaceResults('no markers', 'new')).toThrow(/Expected <!-- bench/)
  })

  it('has the goals, the comparison, a section with its plot for each workload, the machine', () => {
    const markdown = renderResults([result(), sweep([1, 1.1])], 'plots')
    const headings = markdown.split('\n').filter((line) => line.startsWith('### '))
    expect(headings).toEqual([
      '### Goals',
      '### Times cheaper than',
      '### Download of one 2 GiB object',
      '### Download: cost against size',
      '### Machine and versions',
    ])
    expect(markdown).toContain('](plots/download-4g.svg)')
    expect(markdown).toContain('| processor | 2 × Example |')
  })

  it('links from the comparison to the sections', () => {
    const markdown = renderResults([result()], 'plots')
    expect(markdown).toContain('[download-4g](#download-of-one-2-gib-object)')
  })

  it('names the workloads of each machine where there are several', () => {
    const other = result({ workload: 'upload-4g', machine: { processor: '8 × Other' } })
    const markdown = renderResults([result(), other], 'plots')
    expect(markdown).toContain('| measured | download-4g |')
    expect(markdown).toContain('| measured | upload-4g |')
  })

  it('has as many cells in every row of a table as in its head', () => {
    const markdown = renderResults([result(), sweep([1, 1.1]), counts(0.5, 1e-4)], 'plots')
    const tables = markdown.split('\n\n').filter((block) => block.startsWith('| '))
    expect(tables.length).toBeGreaterThan(4)
    const uneven = tables.filter((table) => {
      const cells = table
        .trim()
        .split('\n')
        .map((line) => line.split('|').length)
      return new Set(cells).size !== 1
    })
    expect(uneven).toEqual([])
  })
})

describe('results', () => {
  it('are shown large ones first, sweeps last', () => {
    const names = (results: readonly WorkloadResult[]): string[] =>
      sortResults(results).map(({ workload }) => workload)
    const small = result({ workload: 'upload-20k-4k', group: 'small' })
    const other = result({ workload: 'new', group: 'another' })
    expect(names([other, sweep([1]), small, result()])).toEqual([
      'download-4g',
      'upload-20k-4k',
      'sizes-download',
      'new',
    ])
  })

  it('are what they are among other files, and none where there is no directory', async () => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'download-4g.json'), JSON.stringify(result()))
    writeFileSync(join(directory, 'guard.json'), JSON.stringify({ ratios: {} }))
    expect(await loadResults(directory)).toEqual([result()])
    expect(await loadResults(join(directory, 'missing'))).toEqual([])
  })
})

describe('writing', () => {
  it('fills in the document, draws the plots, and removes those whose result is gone', async () => {
    const directory = temporaryDirectory()
    const results = join(directory, 'bench', 'results')
    const report = join(directory, 'REPORT.md')
    mkdirSync(join(results, 'plots'), { recursive: true })
    writeFileSync(join(results, 'download-4g.json'), JSON.stringify(result()))
    writeFileSync(join(results, 'plots', 'gone.svg'), '<svg/>')
    writeFileSync(report, EMPTY)
    await writeReport(results, report)
    const written = readFileSync(report, 'utf8')
    expect(written).toContain('](bench/results/plots/download-4g.svg)')
    expect(readdirSync(join(results, 'plots'))).toEqual(['download-4g.svg'])
    await writeReport(results, report)
    expect(readFileSync(report, 'utf8')).toBe(written)
  })
})

describe('BENCHMARKS.md', () => {
  const results = join(ROOT, 'bench', 'results')
  const path = join(ROOT, 'BENCHMARKS.md')

  it('holds exactly what the kept results say, and nothing typed by hand', async () => {
    const { report } = await renderReport(results, path)
    expect(readFileSync(path, 'utf8')).toBe(report)
  })

  it('shows exactly the plots that the kept results yield', async () => {
    const { plots } = await renderReport(results, path)
    const kept = readPlots(join(results, 'plots'))
    expect(kept).toEqual(Object.fromEntries(plots))
  })
})

function readPlots(directory: string): Record<string, string> {
  const names = loadNames(directory).filter((name) => name.endsWith('.svg'))
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  )
}

/** Git keeps no empty directory: without results there are no plots. */
function loadNames(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
