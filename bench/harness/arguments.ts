/** The command line of `npm run bench`. Pure: texts in, options or an Error out. */

import { parseArgs } from 'node:util'
import { formatSize, MiB, parseSize } from '../../src/units.ts'
import type { Variant } from '../peers/peer.ts'
import { chooseByName, itemsOf } from './choose.ts'

/** Somebody else's store. Its credentials come from the environment. */
export interface EndpointFlags {
  readonly url: string
  readonly bucket: string
  readonly region: string
  readonly caFile: string | undefined
}

export interface BenchOptions {
  readonly action: 'run' | 'list' | 'help'
  /** Bytes; undefined: each workload's own. */
  readonly size: number | undefined
  readonly runs: number
  readonly countScale: number
  /** Names of workloads. */
  readonly workloads: readonly string[]
  readonly peers: readonly string[] | undefined
  readonly variants: readonly Variant[]
  readonly json: string | undefined
  readonly writeReport: boolean
  readonly endpoint: EndpointFlags | undefined
  /** A git ref whose build takes part. */
  readonly against: string | undefined
}

export const USAGE = `npm run bench -- [flags]

  --filter NAMES      Workloads by name, or by how names begin, with commas between them
  --size SIZE         Size of a single large object (64MiB); in a sweep, of the largest one
  --count-scale N     Share of the objects of workloads that have many (0.1: a tenth)
  --runs N            Runs of each peer (3); 0 runs nothing, to write the report again
  --peers NAMES       Only these peers, with commas between them
  --variants LIST     equal, default, or equal,default: settings made equal, and each peer's own (equal)
  --against REF       Builds that branch, tag or commit apart, and lets it take part
  --endpoint-url URL  Another store, with --bucket; its credentials are taken from
                      AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
  --bucket NAME       A bucket in which objects may be made and removed
  --region NAME       Its region (us-east-1)
  --ca-file FILE      PEM file with the certificate to trust
  --json FILE         Writes every sample there
  --write-report      Keeps the results below bench/results, and writes BENCHMARKS.md from all
  --list              Names the workloads, and the peers found with their versions
  --help

BENCH_DIR names the directory for the files that are moved.
`

const RUNS_MAX = 100

/**
 * Smallest size of the large object: below, nothing goes up in parts. Bytes.
 * Source: the part size that is made equal, twice.
 */
const SIZE_MIN = 16 * MiB

/** @throws Error that tells what is wrong. */
export function readArguments(
  argv: readonly string[],
  workloads: readonly { readonly name: string }[],
  peers: readonly { readonly name: string }[],
): BenchOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      filter: { type: 'string' },
      size: { type: 'string' },
      'count-scale': { type: 'string', default: '1' },
      runs: { type: 'string', default: '3' },
      peers: { type: 'string' },
      variants: { type: 'string', default: 'equal' },
      against: { type: 'string' },
      'endpoint-url': { type: 'string' },
      bucket: { type: 'string' },
      region: { type: 'string' },
      'ca-file': { type: 'string' },
      json: { type: 'string' },
      'write-report': { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const chosen = values.filter === undefined ? workloads : chooseByName(values.filter, workloads)
  const isElsewhere = values.against !== undefined || values['endpoint-url'] !== undefined
  if (values['write-report'] && isElsewhere) {
    throw new Error('--write-report keeps this checkout with its own server, and nothing else')
  }
  return {
    action: values.help ? 'help' : values.list ? 'list' : 'run',
    size: values.size === undefined ? undefined : readSize(values.size),
    runs: readRuns(values.runs),
    countScale: readScale(values['count-scale']),
    workloads: chosen.map(({ name }) => name),
    peers: values.peers === undefined ? undefined : readPeers(values.peers, peers),
    variants: readVariants(values.variants),
    json: values.json,
    writeReport: values['write-report'],
    endpoint: readEndpoint(values),
    against: values.against,
  }
}

function readSize(text: string): number {
  const size = parseSize(text)
  if (size !== undefined && size >= SIZE_MIN) return size
  throw new Error(`--size takes a size from ${formatSize(SIZE_MIN)} on, not ${text}`)
}

function readRuns(text: string): number {
  const runs = Number(text)
  if (text !== '' && Number.isInteger(runs) && runs >= 0 && runs <= RUNS_MAX) return runs
  throw new Error(`--runs takes a number from 0 to ${RUNS_MAX}, not ${text}`)
}

function readScale(text: string): number {
  const scale = Number(text)
  if (scale > 0 && scale <= 1) return scale
  throw new Error(`--count-scale takes a number above 0 and up to 1, not ${text}`)
}

function readPeers(text: string, peers: readonly { readonly name: string }[]): string[] {
  const names = itemsOf(text)
  const unknown = names.find((name) => !peers.some((peer) => peer.name === name))
  if (unknown === undefined) return names
  throw new Error(`There is no peer named ${unknown}; --list names them`)
}

function readVariants(text: string): Variant[] {
  const names = itemsOf(text)
  const known = (['equal', 'default'] as const).filter((variant) => names.includes(variant))
  if (known.length > 0 && known.length === names.length) return known
  throw new Error(`--variants takes equal, default, or equal,default, not ${text}`)
}

function readEndpoint(
  values: Readonly<Partial<Record<'endpoint-url' | 'bucket' | 'region' | 'ca-file', string>>>,
): EndpointFlags | undefined {
  const { 'endpoint-url': url, bucket, region, 'ca-file': caFile } = values
  if (url === undefined) {
    if (bucket === undefined && region === undefined && caFile === undefined) return undefined
    throw new Error('--bucket, --region and --ca-file go with --endpoint-url')
  }
  if (bucket === undefined) throw new Error('--endpoint-url needs --bucket')
  if (!/^https?:$/.test(protocolOf(url))) {
    throw new Error(`--endpoint-url takes an http or https URL, not ${url}`)
  }
  return { url: url.replace(/\/$/, ''), bucket, region: region ?? 'us-east-1', caFile }
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : ''
}
