/**
 * The same suite on the local store in each dialect that answers otherwise. What `http10` and
 * `nodefault5s` change is how connections are kept; the tests of dialects have those.
 */

import { describe } from 'vitest'
import type { DialectName } from '../../../src/local-store/dialects.ts'
import { CONFORMANCE_CASES } from './cases.ts'
import { startLocalTarget } from './local-target.ts'
import { runSuite } from './run-suite.ts'

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'

/** Small, so that five runs are done in seconds. Bytes. */
const PART_SIZE = 64 * 1024

/** How long connections are kept and how keys are written is the same in all of these. */
const CASES = CONFORMANCE_CASES.filter(({ id, heavy }) => !heavy && !/^(idle|key)/.test(id))

const DIALECTS: readonly DialectName[] = ['rgw16', 'swift', 'minimal', 'r2', 'rclone']

for (const dialect of DIALECTS) {
  const label = `local:${dialect}`
  describe(`conformance of ${label}`, () =>
    runSuite(label, () => startLocalTarget(label, dialect, PART_SIZE), CASES))
}
