/**
 * Findings → settings that fit them, each with its reason. What the engine does rightly by itself is no
 * advice. Pure.
 */

import type { ResolvedOptions } from '../options.ts'
import type { StoreSettings } from '../store/object-store.ts'
import { formatDuration, formatSize, MiB } from '../units.ts'
import type { Advice, Finding, ProbeName } from './findings.ts'
import type { Host } from './probe-host.ts'

/** Part sizes that are advised: powers of two. Source: as `plan/part-size.ts`, and what S3 takes. */
const PART_SIZES = [5 * MiB, 8 * MiB, 16 * MiB, 32 * MiB, 64 * MiB] as const

/** Longest time a part should take, and the most of it that may be waiting. Source: none. */
const PART_SECONDS = 10
const WAITING_SHARE = 0.1

/** Descriptors a process needs beside its connections. Source: none, rounded up from 40. */
const OTHER_FILES = 100

/** Share of the memory that parts in flight may take. Source: none, reasonable default. */
const MEMORY_SHARE = 0.25

export interface AdviceInput {
  readonly findings: readonly Finding[]
  readonly settings: StoreSettings | undefined
  readonly options: ResolvedOptions
  readonly host: Host
}

export function advise(input: AdviceInput): readonly Advice[] {
  const found = new Map(input.findings.map((each) => [each.probe, each]))
  return [
    ...ofStore(found, input),
    ...ofParts(found, input),
    ...ofConnections(found, input),
    ...ofHost(input),
  ]
}

type Found = ReadonlyMap<ProbeName, Finding>

function ofStore(found: Found, { settings }: AdviceInput): Advice[] {
  const advice: Advice[] = []
  if (found.get('addressing')?.result === 'path-style-needed') {
    advice.push({ setting: '--path-style', reason: 'The name of the bucket is no host here.' })
  }
  const crc32 = found.get('checksum-crc32')?.result
  const isSent = settings?.requestChecksumCalculation === 'WHEN_SUPPORTED'
  const [other] = (['crc32c', 'crc64nvme', 'sha256'] as const).filter(
    (name) => found.get(`checksum-${name}`)?.result === 'verified',
  )
  if (isSent && crc32 !== undefined && crc32 !== 'verified' && other !== undefined) {
    const reason = `CRC32 is ${crc32} here, ${other.toUpperCase()} is compared with the bytes.`
    advice.push({ setting: '--checksum-algorithm', value: other.toUpperCase(), reason })
  } else if (isSent && (crc32 === 'refused' || crc32 === 'ignored')) {
    const reason = `Checksums are ${crc32} here; without them the SHA-256 of each body is signed.`
    advice.push({ setting: '--no-checksums', reason })
  }
  if (settings?.requestChecksumCalculation === 'WHEN_REQUIRED' && crc32 === 'verified') {
    const reason = 'Checksums are compared with the bytes here, and none is sent.'
    advice.push({ setting: 'requestChecksumCalculation', value: 'WHEN_SUPPORTED', reason })
  }
  return advice
}

function ofParts(found: Found, { settings }: AdviceInput): Advice[] {
  const rates = [found.get('rate-up')?.value, found.get('rate-down')?.value]
  const known = rates.filter((rate): rate is number => rate !== undefined)
  const latencyMs = found.get('latency')?.value
  if (known.length === 0 || latencyMs === undefined) return []
  const limits = settings?.profile.limits
  const rate = Math.min(...known)
  const longest = rate * PART_SECONDS
  const shortest = ((rate * latencyMs) / 1000) * (1 / WAITING_SHARE - 1)
  const fitting = PART_SIZES.filter((size) => size >= (limits?.partSizeMin ?? 0))
  const speed = `One connection moves ${formatSize(Math.round(rate))}/s`
  if (longest < 8 * MiB) {
    const value = formatSize(fitting.findLast((size) => size <= longest) ?? fitting[0] ?? 0)
    const reason = `${speed}: a larger part would take more than ${PART_SECONDS} s, and again if it breaks.`
    return [{ setting: '--part-size', value: value.replace(' ', ''), reason }]
  }
  if (shortest > 32 * MiB) {
    const value = formatSize(fitting.find((size) => size >= shortest) ?? 64 * MiB)
    const reason =
      `${speed} and answers after ${formatDuration(latencyMs)}: in smaller parts more than a tenth of ` +
      'the time goes in waiting.'
    return [{ setting: '--part-size', value: value.replace(' ', ''), reason }]
  }
  return []
}

function ofConnections(found: Found, { options, host }: AdviceInput): Advice[] {
  const advice: Advice[] = []
  const { maxConnections, idleTimeoutMs } = options.tuning
  const kept = found.get('keep-alive')
  if (kept?.result === 'short' && (kept.value ?? 0) < idleTimeoutMs) {
    const value = String(Math.max(100, Math.round((kept.value ?? 0) / 2)))
    const reason = `${kept.meaning} Connections that are given up sooner never meet a closed end.`
    advice.push({ setting: 'idleTimeoutMs', value, reason })
  }
  const room = (host.openFiles ?? Infinity) - OTHER_FILES
  if (room < maxConnections) {
    const value = String(Math.max(1, room))
    const reason = `Only ${host.openFiles} files and connections may be open (ulimit -n).`
    advice.push({ setting: '--max-connections', value, reason })
  }
  return advice
}

function ofHost({ options, host }: AdviceInput): Advice[] {
  const advice: Advice[] = []
  const { workers, memoryLimit } = options.tuning
  const cores = host.coreLimit === undefined ? undefined : Math.max(1, Math.floor(host.coreLimit))
  if (cores !== undefined && cores < workers) {
    const reason = `The container may use ${host.coreLimit?.toFixed(1)} of ${host.cores} cores.`
    advice.push({ setting: '--workers', value: String(cores), reason })
  }
  if (memoryLimit > host.memory * MEMORY_SHARE) {
    const share = Math.max(8, Math.floor((host.memory * MEMORY_SHARE) / MiB))
    const reason = `There are ${formatSize(host.memory)} of memory for everything.`
    advice.push({ setting: '--memory-limit', value: `${share}MiB`, reason })
  }
  return advice
}
