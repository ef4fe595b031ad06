/** Every workload, in the order of the report. */

import { LARGE } from './large.ts'
import { MANY } from './many.ts'
import { REQUESTS } from './requests.ts'
import { START_UP } from './start-up.ts'
import { SWEEPS } from './sweeps.ts'
import type { Workload } from './workload.ts'

export const WORKLOADS: readonly Workload[] = [
  ...LARGE,
  ...MANY,
  ...REQUESTS,
  ...START_UP,
  ...SWEEPS,
]
