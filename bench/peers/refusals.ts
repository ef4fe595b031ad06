/** Words of refusal that several adapters share. */

import type { Job } from './peer.ts'

type Asked = Pick<Job, 'operation' | 'endpoint' | 'count' | 'size'>

/** For those that can do anything but read several objects as one stream. */
export function refusesManyReads({ operation, count }: Asked): string | undefined {
  return operation === 'read' && count > 1 ? 'reads one object as a stream' : undefined
}
