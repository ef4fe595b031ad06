/** Which plot a result gets, and in which file it lies. Pure. */

import type { WorkloadResult } from '../../result.ts'
import { renderBars } from './bars.ts'
import { renderCurves } from './curves.ts'

/** Name of the file below `plots/`. */
export function plotFile({ workload }: WorkloadResult): string {
  return `${workload}.svg`
}

/** Curves for a sweep, bars for everything else; undefined where nothing was measured. */
export function renderPlot(result: WorkloadResult): string | undefined {
  if (result.steps !== undefined) {
    return result.steps.some(({ samples }) => samples.length > 0) ? renderCurves(result) : undefined
  }
  return result.samples.length > 0 ? renderBars(result) : undefined
}
