/** The list of objects of a job with many, for programs that move one after the other. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nameOf } from '../server/content.ts'
import type { Job } from './peer.ts'

/** Writes the names, one a line, below `scratch`. @returns its path; undefined for one object */
export async function writeNames(job: Job, scratch: string): Promise<string | undefined> {
  if (!(job.count > 1)) return undefined
  const path = join(scratch, 'names.txt')
  await writeFile(path, Array.from({ length: job.count }, (_, i) => `${nameOf(i)}\n`).join(''))
  return path
}
