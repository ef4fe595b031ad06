/**
 * The engine behind the uploads of one client: made by the first of them, shared by all, and closed
 * when the client is gone. It holds no process: its threads let go of it while they have no work.
 */

import { TransferEngine, TransferError, type EngineOptions, type TransferEvents } from '../index.ts'
import type { Client } from './types.ts'

/** A part that has arrived. */
export type ArrivedPart = TransferEvents['part']

export interface ClientEngine {
  readonly engine: TransferEngine
  /** Where its requests go; `undefined` is AWS. */
  readonly endpoint: string | undefined
  /** Who hears of the parts of a transfer, by its id. */
  readonly listeners: Map<number, (part: ArrivedPart) => void>
}

const engines = new WeakMap<Client, Promise<ClientEngine>>()

/** Programs that make a client for each upload would keep the threads of each. */
const forgotten = new FinalizationRegistry<TransferEngine>((engine) => {
  engine.close().catch(() => undefined)
})

/**
 * The engine that carries the uploads of a client: to close it, to hear its events, to read its
 * statistics. With options, before the client's first upload, it is made with them: a proxy, a CA, a
 * limit. What is not among them comes from the client's configuration.
 *
 * Once it was closed, uploads of that client reject with ERR_CLOSED.
 *
 * @throws (rejects) ERR_OPTION_INVALID for options that come too late, or a client that cannot be
 *   followed; ERR_OPTION_UNKNOWN
 */
export async function engineOf(client: Client, options?: EngineOptions): Promise<TransferEngine> {
  if (options !== undefined && engines.has(client)) {
    const message = 'The client has an engine: give options before its first upload.'
    throw new TransferError('ERR_OPTION_INVALID', message)
  }
  return (await clientEngine(client, options)).engine
}

/** The same, with what uploads need beside. */
export function clientEngine(client: Client, options?: EngineOptions): Promise<ClientEngine> {
  const known = engines.get(client)
  if (known !== undefined) return known
  const made = makeEngine(client, options)
  engines.set(client, made)
  made.then(
    ({ engine }) => forgotten.register(client, engine),
    () => engines.delete(client),
  )
  return made
}

async function makeEngine(
  client: Client,
  options: EngineOptions | undefined,
): Promise<ClientEngine> {
  const followed = await optionsOf(client)
  const engine = new TransferEngine({ ...followed, ...options })
  const listeners: ClientEngine['listeners'] = new Map()
  engine.on('part', (part) => listeners.get(part.transfer.id)?.(part))
  return { engine, endpoint: options?.endpoint ?? followed.endpoint, listeners }
}

/**
 * What a client's configuration says, as options.
 * @throws (rejects) ERR_OPTION_INVALID for settings that it cannot tell, or no engine can follow
 */
export async function optionsOf(client: Client): Promise<EngineOptions> {
  const { config } = client
  if (config.bucketEndpoint) throw notFollowed('bucketEndpoint')
  const endpoint = await endpointOf(config)
  return {
    region: await ask('region', config.region),
    endpoint,
    credentials: credentialsOf(client),
    pathStyle: await ask('forcePathStyle', config.forcePathStyle ?? false),
    accelerate: await ask('useAccelerateEndpoint', config.useAccelerateEndpoint ?? false),
    dualstack: await ask('useDualstackEndpoint', config.useDualstackEndpoint),
    fips: await ask('useFipsEndpoint', config.useFipsEndpoint),
    requestChecksumCalculation: await ask(
      'requestChecksumCalculation',
      config.requestChecksumCalculation,
    ),
    // An upload there begins at the beginning.
    resume: 'off',
  }
}

/** The endpoint given to the client, else the one its environment names, as the client reads it. */
async function endpointOf(config: Client['config']): Promise<string | undefined> {
  if (config.endpoint !== undefined) {
    const { protocol, hostname, port, path } = await ask('endpoint', config.endpoint)
    const authority = port === undefined ? hostname : `${hostname}:${port}`
    return `${protocol}//${authority}${path === '/' ? '' : path}`
  }
  // An engine would read the environment all the same.
  if (config.ignoreConfiguredEndpointUrls) throw notFollowed('ignoreConfiguredEndpointUrls')
  const { serviceConfiguredEndpoint } = config as {
    readonly serviceConfiguredEndpoint?: () => Promise<string | undefined>
  }
  return serviceConfiguredEndpoint && ask('endpoint', serviceConfiguredEndpoint)
}

/**
 * An engine asks once and keeps the answer: whoever asks again has no use for the same one. An engine
 * that held the client, or its configuration, which does, would never see it forgotten.
 */
function credentialsOf(client: Client): EngineOptions['credentials'] {
  const known = new WeakRef(client)
  let wasAsked = false
  return async () => {
    const forceRefresh = wasAsked
    wasAsked = true
    const keys = await known.deref()?.config.credentials({ forceRefresh })
    if (keys !== undefined) return keys
    throw new TransferError('ERR_CLOSED', 'The client that the engine was made for is gone.')
  }
}

/** The SDK has most of its settings as functions. */
async function ask<T>(option: string, setting: T | (() => Promise<T>)): Promise<T> {
  try {
    return typeof setting === 'function' ? await (setting as () => Promise<T>)() : setting
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const message = `The client does not say its \`${option}\`: ${reason}`
    throw new TransferError('ERR_OPTION_INVALID', message, { option }, { cause: error })
  }
}

function notFollowed(option: string): TransferError {
  const message = `An engine cannot follow \`${option}\` of a client; give the client an \`endpoint\`.`
  return new TransferError('ERR_OPTION_INVALID', message, { option })
}
