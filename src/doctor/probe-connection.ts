/** What a connection is good for: how long it is kept, how soon it answers, how much it moves. */

import { setTimeout as sleep } from 'node:timers/promises'
import { formatDuration, formatSize, MiB } from '../units.ts'
import { finding, refusal, skipped, type Finding } from './findings.ts'
import type { Patient } from './patient.ts'
import type { RawAnswer, RawClient } from './raw-client.ts'

/** Silence after which a connection is tried again, one after the other. Milliseconds. */
const SILENCES = [100, 1000, 3000] as const

/** Requests whose median is told. */
const REQUESTS = 9

/** Bytes moved each way over one connection. */
const PAYLOAD = 8 * MiB

/** Asks for something small, whatever the rights. */
function ask(raw: RawClient): Promise<RawAnswer> {
  return raw.send({ method: 'HEAD' })
}

export async function probeKeepAlive({ raw, signal }: Patient): Promise<readonly Finding[]> {
  await ask(raw)
  let kept: number | undefined
  for (const silence of SILENCES) {
    await sleep(silence, undefined, { signal })
    const before = raw.dialled
    await ask(raw)
    if (raw.dialled > before) break
    kept = silence
  }
  if (kept === undefined) {
    const meaning = 'Every answer ends its connection: each request pays for a new one.'
    return [finding('keep-alive', 'closed', 'note', meaning)]
  }
  const longest = SILENCES.at(-1) ?? 0
  if (kept >= longest) {
    const meaning = `A connection is used again, also after ${formatDuration(longest)} of silence.`
    return [finding('keep-alive', 'kept', 'good', meaning, { value: kept })]
  }
  const next = SILENCES.find((silence) => silence > (kept ?? 0)) ?? longest
  const meaning = `A connection is used again, but not after ${formatDuration(next)} of silence.`
  return [finding('keep-alive', 'short', 'note', meaning, { value: kept })]
}

export async function probeLatency({ raw }: Patient): Promise<readonly Finding[]> {
  const times: number[] = []
  for (let count = 0; count < REQUESTS; count += 1) times.push((await ask(raw)).elapsedMs)
  const value = times.toSorted((a, b) => a - b)[Math.floor(REQUESTS / 2)] ?? 0
  const meaning = 'Median of small requests over a connection that stands.'
  return [finding('latency', `${value.toFixed(1)} ms`, 'good', meaning, { value })]
}

export async function probeRate({ raw, scratch }: Patient): Promise<readonly Finding[]> {
  const body = Buffer.alloc(PAYLOAD, 'transfer-engine')
  const up = await scratch.put('rate', body)
  if (up.error !== undefined) return [refusal('rate-up', up.error, 's3:PutObject', true)]
  const down = await raw.send({ method: 'GET', key: `${scratch.prefix}rate` })
  const read =
    down.error === undefined
      ? rateOf('rate-down', down.elapsedMs)
      : skipped('rate-down', 'Nothing may be read.')
  return [rateOf('rate-up', up.elapsedMs), read]
}

function rateOf(probe: 'rate-up' | 'rate-down', elapsedMs: number): Finding {
  const value = Math.round((PAYLOAD / elapsedMs) * 1000)
  const meaning = `One connection, ${formatSize(PAYLOAD)} in ${formatDuration(elapsedMs)}.`
  return finding(probe, `${formatSize(value)}/s`, 'good', meaning, { value })
}
