/**
 * Media type from the name of a file, by the kept list of the `mime` package, loaded when the
 * first upload asks for it.
 */

/** Media type for a name; `undefined` leaves it to the store (`binary/octet-stream`). */
export async function contentTypeOf(name: string): Promise<string | undefined> {
  const { default: mime } = await import('mime')
  return mime.getType(name) ?? undefined
}
