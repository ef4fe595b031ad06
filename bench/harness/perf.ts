/** Linux perf around a run: where native code and the kernel spend CPU time. */

import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Command } from '../peers/peer.ts'
import { type Share, sharesOf } from './perf-shares.ts'

/** Samples a second, next to a round number so that nothing periodic hides between them. */
const FREQUENCY = 997

/** Letters of a row. */
const WIDTH_MAX = 110

/** Rows that a report may have before it is cut. Bytes. */
const OUTPUT_MAX = 64 * 1024 * 1024

/** The same command, recorded into a file below `directory`; with names of compiled functions. */
export function withPerf(command: Command, directory: string): Command {
  const { file, args, env } = command
  return recorded({ file, args: ['--perf-basic-prof', ...args], env }, directory)
}

/** The same without those names, which cost a process time of their own. */
export function recorded({ file, args, env }: Command, directory: string): Command {
  const record = ['record', '-q', '-g', '-F', String(FREQUENCY), '-o', dataOf(directory), '--']
  return { file: 'perf', args: [...record, file, ...args], env }
}

/** What the CPU time of a recorded run went into. */
export async function perfShares(directory: string): Promise<Share[]> {
  return sharesOf(await report(directory, 'dso,symbol'))
}

/** The functions with the most CPU time of their own, as shares, by thread name and library. */
export async function perfReport(directory: string, top: number): Promise<string> {
  const rows = await report(directory, 'comm,dso,symbol')
  for (const row of await report(directory, 'pid')) await removeMap(row)
  return `${rows.slice(0, top).map(shorten).join('\n')}\n`
}

async function report(directory: string, sort: string): Promise<string[]> {
  const options = ['--no-children', '-g', 'none', '--stdio', '--sort', sort]
  const args = ['report', '-i', dataOf(directory), ...options]
  const { stdout } = await promisify(execFile)('perf', args, { maxBuffer: OUTPUT_MAX })
  return stdout.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
}

/** Without the columns that stay empty, and the arguments of templates cut. */
export function shorten(row: string): string {
  const text = row.trimEnd().replace(/(?:\s+-)+$/, '')
  return text.length <= WIDTH_MAX ? text : `${text.slice(0, WIDTH_MAX)}…`
}

function dataOf(directory: string): string {
  return join(directory, 'perf.data')
}

/** Names of compiled functions, which Node leaves for perf to find: `  99.9%   1234:node`. */
async function removeMap(row: string): Promise<void> {
  const pid = /^\s*[\d.]+%\s+(\d+):/.exec(row)?.[1]
  if (pid !== undefined) await rm(`/tmp/perf-${pid}.map`, { force: true })
}
