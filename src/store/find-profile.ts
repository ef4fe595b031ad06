/**
 * Which profile a store has: the one that was named, or the one its endpoint goes by.
 */

import type { ChecksumMode } from './object-store.ts'
import { PROFILES, type ProviderName, type StoreProfile } from './profiles.ts'

/** @param hostname of the endpoint; `undefined` for that of AWS */
export function findProfile(
  provider: ProviderName | undefined,
  hostname: string | undefined,
): StoreProfile {
  if (provider !== undefined) return PROFILES[provider]
  if (hostname === undefined) return PROFILES.aws
  const name = hostname.toLowerCase()
  return Object.values(PROFILES).find(({ hosts }) => hosts?.test(name)) ?? PROFILES.generic
}

/** Whether uploads bear checksums nobody asked for, where nobody said so. */
export function checksumModeOf({ checksums }: StoreProfile): ChecksumMode {
  return checksums === 'verified' ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED'
}
