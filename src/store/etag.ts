/** ETags are for equality, never a hash to compute with. */

/** Whether two are the same: some stores write quotes in headers and not in documents. */
export function isSameEtag(first: string | undefined, second: string | undefined): boolean {
  return bare(first) === bare(second)
}

function bare(etag: string | undefined): string | undefined {
  return etag?.replaceAll('"', '')
}
