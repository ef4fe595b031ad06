/** Where a store does otherwise than its profile says. Only what was really looked at is compared. */

import type { StoreProfile } from '../store/profiles.ts'
import type { Difference, Finding, ProbeName } from './findings.ts'

/** Results that answer no question about the store. */
const UNTOLD: readonly string[] = ['denied', 'failed', 'skipped', 'unknown']

export function compareProfile(
  profile: StoreProfile,
  findings: readonly Finding[],
): readonly Difference[] {
  const expected = expectations(profile)
  return findings.flatMap(({ probe, result }) => {
    const wanted = expected[probe]
    if (wanted === undefined || UNTOLD.includes(result) || wanted.includes(result)) return []
    return [{ probe, expected: wanted.join(' or '), found: result }]
  })
}

/** Results that agree with a profile; probes it says nothing about are not there. */
function expectations({
  checksums,
  habits,
}: StoreProfile): Partial<Record<ProbeName, readonly string[]>> {
  const { missing, conditionalWrites, equalParts, multipartEtag, listing } = habits
  const call = (name: (typeof missing)[number]): readonly string[] =>
    missing.includes(name) ? ['missing', 'ignored', 'refused'] : ['yes']
  const honoured = (isHonoured: boolean): readonly string[] => [isHonoured ? 'honoured' : 'ignored']
  return {
    list: listing.version2 ? ['version-2'] : ['missing'],
    'start-after': honoured(listing.startAfter),
    'encoding-type': honoured(listing.encodingType),
    ...(checksums === 'unproven'
      ? {}
      : { 'checksum-crc32': checksums === 'ignored' ? ['ignored', 'unverified'] : [checksums] }),
    ...(conditionalWrites === 'unknown'
      ? {}
      : { 'if-none-match-write': [conditionalWrites], 'if-match-write': [conditionalWrites] }),
    'unequal-parts': [equalParts ? 'refused' : 'yes'],
    ...(multipartEtag === 'unknown' ? {} : { 'multipart-etag': [multipartEtag] }),
    'part-copy': call('UploadPartCopy'),
    tagging: call('PutObjectTagging'),
    'list-uploads': call('ListMultipartUploads'),
    attributes: call('GetObjectAttributes'),
    'delete-objects': call('DeleteObjects'),
  }
}
