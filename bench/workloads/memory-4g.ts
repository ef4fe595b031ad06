/** Peak memory at a size at which anything that grows with the object would show. */

import { ours } from '../peers/ours.ts'
import { download } from './download.ts'
import { upload } from './upload.ts'
import type { Workload } from './workload.ts'

const SIZE = 4 * 1024 * 1024 * 1024

const alone = { size: SIZE, peers: [ours], reference: ours }

export const memoryUpload: Workload = {
  ...upload,
  ...alone,
  name: 'memory-4g-upload',
  title: 'Memory: upload of a large file',
}

export const memoryDownload: Workload = {
  ...download,
  ...alone,
  name: 'memory-4g-download',
  title: 'Memory: download of a large object',
}
