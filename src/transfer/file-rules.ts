/**
 * What is the same of all files a tree comes down into, beside what a caller may say of one download.
 */

import type { Restore } from '../file-attributes.ts'

export interface FileRules {
  /** What a file is given of its object before it has its name. @default nothing */
  readonly restore?: Restore | undefined
  /** Stands in the names of temporary files, unless a journal knows them. Hexadecimal. */
  readonly token?: string | undefined
}
