/**
 * Flags about queues: of who gives a job to one, and of who works at it.
 */

import { Option } from 'commander'
import type { QueueNotice } from '../index.ts'
import { parseDuration } from '../units.ts'
import { invalidFlag, type FlagValues } from './flags.ts'

/** Not a flag: the arguments of a process are shown to everybody on the machine. */
const PASSWORD_ENV = 'TRANSFER_ENGINE_QUEUE_PASSWORD'

const count =
  (flag: string) =>
  (text: string): number => {
    if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
    throw invalidFlag(flag, 'a whole number above 0', text)
  }

const time =
  (flag: string) =>
  (text: string): number => {
    const value = parseDuration(text)
    if (value !== undefined && value > 0) return value
    throw invalidFlag(flag, 'a time, like 30s', text)
  }

function connectionFlags(doc: string): Option[] {
  return [
    new Option('--queue <url>', `${doc} (its password: ${PASSWORD_ENV})`),
    new Option('--queue-name <name>', 'Name of the queue, if there are several (default: default)'),
  ]
}

/** Of `migrate`. */
export function queueFlags(): Option[] {
  const flags = [
    ...connectionFlags('redis://host:port: let workers there do it'),
    new Option('--shard-objects <number>', 'Objects of a shard (default: 10000)').argParser(
      count('--shard-objects'),
    ),
    new Option(
      '--queue-patience <time>',
      'Wait so long for a Redis that is away (default: 10min)',
    ).argParser(time('--queue-patience')),
  ]
  return flags.map((option) => option.helpGroup('Queue:'))
}

/** Of `worker`. */
export function workFlags(): Option[] {
  const flags = [
    ...connectionFlags('redis://host:port of the queue'),
    new Option('--shards <number>', 'Shards at once (default: 2)').argParser(count('--shards')),
    new Option(
      '--lease <time>',
      'Give up a shard when Redis is silent for so long; then others take it (default: 30s)',
    ).argParser(time('--lease')),
    new Option('--idle <time>', 'End once there was nothing to do for so long').argParser(
      time('--idle'),
    ),
  ]
  return flags.map((option) => option.helpGroup('Queue:'))
}

/** What they say to the engine, under its names; nothing without `--queue`. */
export function queueOptionsFrom(
  values: FlagValues,
  onNotice: (notice: QueueNotice) => void,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, unknown> | undefined {
  const { queue: url, queueName: name, shardObjects, queuePatience: patienceMs } = values
  const { shards, lease: leaseMs, idle: idleMs } = values
  if (url === undefined) return undefined
  const password = env[PASSWORD_ENV]
  const given = { url, name, password, shardObjects, patienceMs, shards, leaseMs, idleMs, onNotice }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}
