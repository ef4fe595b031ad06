/** Every workload, in the order of the report. */

import { DISK_MODES } from './disk-modes.ts'
import { LARGE } from './large.ts'
import { MANY } from './many.ts'
import { RELAYS } from './relays.ts'
import { REQUESTS } from './requests.ts'
import { START_UP } from './start-up.ts'
import { SWEEPS } from './sweeps.ts'
import { TREES } from './trees.ts'
import type { Workload } from './workload.ts'

export const WORKLOADS: readonly Workload[] = [
  ...LARGE,
  ...DISK_MODES,
  ...MANY,
  ...TREES,
  ...RELAYS,
  ...REQUESTS,
  ...START_UP,
  ...SWEEPS,
]
