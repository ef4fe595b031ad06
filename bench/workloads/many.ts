/** Many objects in one process: a few large ones, and thousands of small ones. */

import { KiB, MiB } from '../../src/units.ts'
import { EACH_OBJECT } from './each-object.ts'
import { describeStep, type Step, type Workload } from './workload.ts'

type Direction = 'upload' | 'download'

const FAMILIES: readonly (Step & Pick<Workload, 'name' | 'group' | 'unit'>)[] = [
  { name: '64x64m', group: 'many', unit: 's/GiB', count: 64, size: 64 * MiB },
  { name: '10k-64k', group: 'small', unit: 'µs/object', count: 10_000, size: 64 * KiB },
  { name: '20k-4k', group: 'small', unit: 'µs/object', count: 20_000, size: 4 * KiB },
]

export const MANY: readonly Workload[] = FAMILIES.flatMap((family) =>
  (['upload', 'download'] as const).map((operation) => many(family, operation)),
)

function many(family: (typeof FAMILIES)[number], operation: Direction): Workload {
  return {
    ...family,
    name: `${operation}-${family.name}`,
    operation,
    secure: false,
    // Where objects are large, client-s3 alone does not upload.
    reference: operation === 'upload' && family.group === 'many' ? 'lib-storage' : 'client-s3',
    title: (moved) => `${operation === 'upload' ? 'Upload' : 'Download'} of ${describeStep(moved)}`,
    scaledBy: 'count',
    ...(family.group === 'small' ? { ownPeers: [EACH_OBJECT] } : {}),
    hasVariants: true,
  }
}
