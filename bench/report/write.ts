/**
 * Writes the report: reads what is kept, draws the plots beside it, and fills in the generated part
 * of the document. What is kept decides all of it, so writing twice changes nothing.
 */

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { WorkloadResult } from '../result.ts'
import { loadRecords, type RunRecord } from '../simulation/record.ts'
import { renderResults, replaceResults } from './document.ts'
import { loadProfiles, loadResults } from './load.ts'
import { adaptationFile, renderAdaptation } from './plots/adaptation.ts'
import { plotFile, renderPlot } from './plots/render-plot.ts'

/** Below the directory of the results. */
const PLOTS = 'plots'

/**
 * A plot whose result is gone is removed.
 *
 * @throws Error when the report has no place for the results.
 */
export async function writeReport(resultsDirectory: string, reportPath: string): Promise<void> {
  const { plots, report } = await renderReport(resultsDirectory, reportPath)
  const directory = join(resultsDirectory, PLOTS)
  await mkdir(directory, { recursive: true })
  const old = (await readdir(directory)).filter((name) => name.endsWith('.svg') && !plots.has(name))
  await Promise.all(old.map((name) => rm(join(directory, name))))
  for (const [name, content] of plots) await writeFile(join(directory, name), content)
  await writeFile(reportPath, report)
}

export interface RenderedReport {
  /** The whole document, its prose untouched. */
  readonly report: string
  /** Content by file name. */
  readonly plots: ReadonlyMap<string, string>
}

/** What `writeReport` would write. */
export async function renderReport(
  resultsDirectory: string,
  reportPath: string,
): Promise<RenderedReport> {
  const results = await loadResults(resultsDirectory)
  const simulated = await loadRecords(resultsDirectory)
  const profiles = await loadProfiles(resultsDirectory)
  const place = relative(dirname(reportPath), join(resultsDirectory, PLOTS)).replaceAll('\\', '/')
  const document = await readFile(reportPath, 'utf8')
  return {
    report: replaceResults(document, renderResults(results, place, { simulated, profiles })),
    plots: draw(results, simulated),
  }
}

function draw(
  results: readonly WorkloadResult[],
  simulated: readonly RunRecord[],
): Map<string, string> {
  const plots = new Map<string, string>()
  for (const result of results) {
    const plot = renderPlot(result)
    if (plot !== undefined) plots.set(plotFile(result), plot)
  }
  for (const run of simulated) plots.set(adaptationFile(run), renderAdaptation(run))
  return plots
}
