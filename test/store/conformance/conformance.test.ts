/**
 * The conformance suite on the local store, or on any store named by the environment:
 * CONFORMANCE_ENDPOINT, CONFORMANCE_REGION, CONFORMANCE_LABEL (row of the table of deviations),
 * CONFORMANCE_PATH_STYLE (`false` for virtual hosts), and the keys from the usual AWS variables.
 */

import { describe } from 'vitest'
import { startLocalTarget } from './local-target.ts'
import { runSuite, type StartedTarget } from './run-suite.ts'

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'

/** As on AWS; what a store of its own would allow is not asked. Bytes. */
const PART_SIZE = 5 * 1024 * 1024

const { env } = process
const endpoint = env['CONFORMANCE_ENDPOINT']
const label = endpoint === undefined ? 'local' : (env['CONFORMANCE_LABEL'] ?? 'unknown')

function remoteTarget(url: string): StartedTarget {
  const target = {
    label,
    endpoint: url,
    region: env['CONFORMANCE_REGION'] ?? env['AWS_REGION'] ?? 'us-east-1',
    partSize: PART_SIZE,
    pathStyle: env['CONFORMANCE_PATH_STYLE'] !== 'false',
    credentials: {
      accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '',
      sessionToken: env['AWS_SESSION_TOKEN'],
    },
  }
  return { target, stop: () => Promise.resolve() }
}

describe(`conformance of ${label}`, () =>
  runSuite(label, async () =>
    endpoint === undefined ? startLocalTarget(label, 'aws', PART_SIZE) : remoteTarget(endpoint),
  ))
