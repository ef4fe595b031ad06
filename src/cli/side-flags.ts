/**
 * Flags about one side of a copy between stores: what is not said of a side is what is said of both.
 */

import { Option } from 'commander'
import type { EngineOptions } from '../index.ts'
import type { TransferInfo } from '../events.ts'
import type { FlagValues } from './flags.ts'
import { UsageError } from './usage-error.ts'

const SIDES = ['source', 'dest'] as const

type Side = (typeof SIDES)[number]

/** Not flags: the arguments of a process are shown to everybody on the machine. */
const KEYS_ENV: Readonly<Record<Side, string>> = {
  source: 'TRANSFER_ENGINE_SOURCE_',
  dest: 'TRANSFER_ENGINE_DEST_',
}

const FLAGS = [
  ['endpoint-url <text>', 'endpoint', 'URL of the store'],
  ['region <text>', 'region', 'Region of the bucket'],
  ['profile <text>', 'profile', 'Profile with the identity'],
] as const

/** The flags, for the help of commands that copy. */
export function sideFlags(): Option[] {
  const words = { source: 'source', dest: 'destination' } as const
  return SIDES.flatMap((side) => [
    ...FLAGS.map(
      ([flag, , doc]) => new Option(`--${side}-${flag}`, `${doc} of the ${words[side]}`),
    ),
    new Option(`--${side}-no-sign-request`, `Send unsigned requests to the ${words[side]}`),
  ]).map((option) => option.helpGroup('Between stores:'))
}

/**
 * What of the options of the engine differs by side.
 * @throws UsageError for a side of what has only one
 */
export function sidesOf(
  values: FlagValues,
  kind: TransferInfo['kind'],
  env: Readonly<Record<string, string | undefined>> = process.env,
): Pick<EngineOptions, 'source' | 'endpoint' | 'region' | 'profile' | 'credentials'> {
  const [given] = sideFlags().filter((option) => values[option.attributeName()] !== undefined)
  if (kind !== 'copy') {
    if (given === undefined) return {}
    const message = `${given.long ?? ''} has a meaning only from s3:// to s3://.`
    throw new UsageError('ERR_OPTION_INVALID', message, 'Leave it out.')
  }
  const [source, dest] = SIDES.map((side) => sideOf(side, values, env))
  if (source === undefined && dest === undefined) return {}
  const { endpointUrl: endpoint, region, profile } = values
  const anonymous = values['signRequest'] === false ? { credentials: 'anonymous' as const } : {}
  const both = { ...defined({ endpoint, region, profile }), ...anonymous }
  return { ...dest, source: { ...both, ...source } }
}

function sideOf(
  side: Side,
  values: FlagValues,
  env: Readonly<Record<string, string | undefined>>,
): NonNullable<EngineOptions['source']> | undefined {
  const prefix = KEYS_ENV[side]
  const accessKeyId = env[`${prefix}ACCESS_KEY_ID`]
  const secretAccessKey = env[`${prefix}SECRET_ACCESS_KEY`]
  const sessionToken = env[`${prefix}SESSION_TOKEN`]
  const keys =
    accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey, sessionToken } : undefined
  const named = Object.fromEntries(
    FLAGS.map(([flag, name]) => [name, values[new Option(`--${side}-${flag}`).attributeName()]]),
  )
  const isAnonymous = values[`${side}NoSignRequest`] === true
  const credentials = isAnonymous ? ('anonymous' as const) : keys
  const found = defined({ ...named, credentials })
  return Object.keys(found).length === 0 ? undefined : found
}

function defined(values: Readonly<Record<string, unknown>>): Record<string, never> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Record<string, never>
}
