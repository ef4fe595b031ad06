/** ETags are for equality, never a hash to compute with. */

/** Whether two are the same: some stores write quotes in headers and not in documents. */
export function isSameEtag(first: string | undefined, second: string | undefined): boolean {
  return bare(first) === bare(second)
}

/** Parts the object was made in, as its ETag tells; 0 for one that was not. */
export function partsInEtag(etag: string): number {
  return Number(/-(\d+)"?$/u.exec(etag)?.[1] ?? 0)
}

function bare(etag: string | undefined): string | undefined {
  return etag?.replaceAll('"', '')
}
