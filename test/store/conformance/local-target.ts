/** The local store as a target of the suite, started for one run. */

import type { DialectName } from '../../../src/local-store/dialects.ts'
import { startLocalStore } from '../../../src/local-store/index.ts'
import type { StartedTarget } from './run-suite.ts'

export async function startLocalTarget(
  label: string,
  dialect: DialectName,
  partSize: number,
): Promise<StartedTarget> {
  const store = await startLocalStore({ dialect, minPartSize: partSize })
  const { region, credentials } = store
  const { endpoint } = store
  const target = { label, endpoint, region, pathStyle: true, credentials, partSize }
  return { target, stop: () => store.close() }
}
