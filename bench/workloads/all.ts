/** Every workload, in the order of the report. */

import { download } from './download.ts'
import { memoryDownload, memoryUpload } from './memory-4g.ts'
import { upload } from './upload.ts'
import type { Workload } from './workload.ts'

export const WORKLOADS: readonly Workload[] = [download, upload, memoryDownload, memoryUpload]
