/** What every probe is given. */

import type { StoreSettings } from '../store/object-store.ts'
import type { Finding } from './findings.ts'
import type { RawClient } from './raw-client.ts'
import type { Scratch } from './scratch.ts'

export interface Patient {
  readonly raw: RawClient
  readonly scratch: Scratch
  readonly settings: StoreSettings
  /** Prefix that was asked about. */
  readonly prefix: string
  /** Nothing is written to the store. */
  readonly isReadOnly: boolean
  readonly signal: AbortSignal
}

/** Looks at some things; rejects only when no answer came or it was aborted. */
export type Probe = (patient: Patient) => Promise<readonly Finding[]>
