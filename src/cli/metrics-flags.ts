/**
 * What a command shows of its engine to those who watch: metrics over HTTP while it works
 * (`--metrics-port`), a summary at its end (`--stats`).
 */

import { Option } from 'commander'
import { isTransferError } from '../errors.ts'
import type { TransferEngine } from '../index.ts'
import { portParser, type FlagValues } from './flags.ts'
import { UsageError } from './usage-error.ts'

const PORT_FLAG = '--metrics-port'
const HOST_FLAG = '--metrics-host'

export function metricsFlags(): Option[] {
  return [
    new Option('--stats', 'Workers, connections, waits and retries, at the end'),
    new Option(
      `${PORT_FLAG} <number>`,
      'Serve Prometheus metrics there meanwhile; 0 takes a free port',
    ).argParser(portParser(PORT_FLAG)),
    new Option(`${HOST_FLAG} <address>`, `Address of ${PORT_FLAG} (default: 127.0.0.1)`),
  ]
}

/** Serves metrics if the flags say so, until the engine is closed. Returns where. */
export async function serveMetrics(
  engine: TransferEngine,
  { metricsPort, metricsHost }: FlagValues,
): Promise<string | undefined> {
  if (typeof metricsPort !== 'number') return undefined
  const host = typeof metricsHost === 'string' ? metricsHost : undefined
  try {
    const { url } = await engine.serveMetrics({ port: metricsPort, host })
    return url
  } catch (error) {
    if (!isTransferError(error) || error.code !== 'ERR_OPTION_INVALID') throw error
    const hint =
      error.context.option === 'host'
        ? `Give ${HOST_FLAG} an address of this machine.`
        : `Choose another ${PORT_FLAG}; 0 takes a free one.`
    throw new UsageError('ERR_OPTION_INVALID', `${error.message}.`, hint)
  }
}

/** @throws UsageError for flags that mean nothing together */
export function checkMetricsFlags({ metricsPort, metricsHost }: FlagValues): void {
  if (metricsHost === undefined || metricsPort !== undefined) return
  const message = `${HOST_FLAG} means nothing without ${PORT_FLAG}.`
  throw new UsageError('ERR_USAGE', message, `Add ${PORT_FLAG}; 0 takes a free one.`)
}
