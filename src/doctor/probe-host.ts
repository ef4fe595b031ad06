/** What this machine, or the container on it, has to give. */

import { randomBytes } from 'node:crypto'
import { open, readFile, rm } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { formatSize, MiB } from '../units.ts'
import { finding, type Finding } from './findings.ts'

/** Bytes written to a disk, at most, and the time for it in milliseconds. */
const DISK_BYTES = 64 * MiB
const DISK_MS = 3000

export interface Host {
  readonly cores: number
  /** Cores that a container may use; `undefined` where it is not limited. */
  readonly coreLimit: number | undefined
  /** Bytes; the smaller of what the machine has and the container may use. */
  readonly memory: number
  /** `undefined` where it cannot be known, or there is none. */
  readonly openFiles: number | undefined
}

export async function readHost(): Promise<Host> {
  // 0 or more than there is where nothing is limited.
  const limit = process.constrainedMemory()
  const [limits, quota] = await Promise.all([
    textOf('/proc/self/limits'),
    textOf('/sys/fs/cgroup/cpu.max'),
  ])
  const openFiles = /^Max open files\s+(\d+)/m.exec(limits)?.[1]
  const [, most, period] = /^(\d+) (\d+)/.exec(quota) ?? []
  return {
    cores: availableParallelism(),
    coreLimit: most === undefined ? undefined : Number(most) / Number(period),
    memory: limit > 0 && limit < totalmem() ? limit : totalmem(),
    openFiles: openFiles === undefined ? undefined : Number(openFiles),
  }
}

export function hostFindings(host: Host): readonly Finding[] {
  const { cores, coreLimit, memory, openFiles } = host
  const quota = coreLimit === undefined ? '' : `, of which ${coreLimit.toFixed(1)} may be used`
  const container = memory < totalmem() ? ' (the limit of the container)' : ''
  const meaning =
    `Node.js ${process.versions.node}, ${cores} cores${quota}, ${formatSize(memory)} of ` +
    `memory${container}.`
  const files =
    openFiles === undefined
      ? finding('open-files', 'unknown', 'skipped', 'This system does not tell its limit.')
      : finding('open-files', String(openFiles), 'good', 'Files and connections at once.', {
          value: openFiles,
        })
  return [finding('host', `${cores} cores`, 'good', meaning, { value: memory }), files]
}

/** Writes a file that is removed again, and waits until it is on the disk. */
export async function probeDisk(directory: string): Promise<Finding> {
  const path = join(directory, `transfer-engine-doctor-${randomBytes(6).toString('hex')}.part`)
  try {
    const file = await open(path, 'wx')
    try {
      const block = randomBytes(MiB)
      const startedAt = performance.now()
      let written = 0
      while (written < DISK_BYTES && performance.now() - startedAt < DISK_MS) {
        await file.write(block)
        written += block.length
      }
      await file.datasync()
      const elapsedMs = performance.now() - startedAt
      const value = Math.round((written / elapsedMs) * 1000)
      const meaning = `Written and synced below ${directory}: ${formatSize(written)}.`
      return finding('disk', `${formatSize(value)}/s`, 'good', meaning, { value })
    } finally {
      await file.close()
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return finding('disk', 'unwritable', 'bad', `Downloads to ${directory} fail: ${reason}.`)
  } finally {
    await rm(path, { force: true })
  }
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
