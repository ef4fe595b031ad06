/** What a dialect refuses before any operation looks at it: headers and calls it does not know. */

import type { S3Request } from './context.ts'
import type { Dialect } from './dialects.ts'
import { S3Error } from './s3-error.ts'

/** @throws S3Error NotImplemented for a call, InvalidArgument for a checksum */
export function checkDialect(dialect: Dialect, { operation, headers }: S3Request): void {
  if (operation === 'DeleteObjects' && !dialect.deleteObjects) throw new S3Error('NotImplemented')
  for (const name of dialect.refusedChecksums) {
    const asked = headers['x-amz-checksum-algorithm']?.toLowerCase() === name
    if (asked || headers[`x-amz-checksum-${name}`] !== undefined) {
      throw new S3Error('InvalidArgument', `Unsupported checksum: ${name}`)
    }
  }
}
