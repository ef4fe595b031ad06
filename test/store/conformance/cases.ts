/** Every case of the suite. */

import { ATTRIBUTE_CASES } from './attributes.ts'
import { AUTH_CASES } from './auth.ts'
import { BUCKET_CASES } from './buckets.ts'
import type { ConformanceCase } from './case.ts'
import { CHECKSUM_CASES } from './checksums.ts'
import { CONDITION_CASES } from './conditions.ts'
import { CONNECTION_CASES } from './connections.ts'
import { COPY_CASES } from './copy.ts'
import { KEY_CASES } from './keys.ts'
import { LIST_CASES } from './list.ts'
import { MULTIPART_CHECKSUM_CASES } from './multipart-checksums.ts'
import { MULTIPART_REFUSED_CASES } from './multipart-refused.ts'
import { MULTIPART_CASES } from './multipart.ts'
import { OBJECT_CASES } from './objects.ts'
import { RANGE_CASES } from './ranges.ts'
import { TRAILER_CASES } from './trailers.ts'

export const CONFORMANCE_CASES: readonly ConformanceCase[] = [
  ...BUCKET_CASES,
  ...OBJECT_CASES,
  ...RANGE_CASES,
  ...MULTIPART_CASES,
  ...MULTIPART_REFUSED_CASES,
  ...COPY_CASES,
  ...LIST_CASES,
  ...CONDITION_CASES,
  ...CHECKSUM_CASES,
  ...MULTIPART_CHECKSUM_CASES,
  ...TRAILER_CASES,
  ...AUTH_CASES,
  ...ATTRIBUTE_CASES,
  ...KEY_CASES,
  ...CONNECTION_CASES,
]
