/**
 * Media type from the name of a file, by the kept list of the `mime` package, loaded when the
 * first upload asks for it.
 */

import type * as Mime from 'mime'

let mime: Promise<typeof Mime> | undefined

/** Media type for a name; `undefined` leaves it to the store (`binary/octet-stream`). */
export async function contentTypeOf(name: string): Promise<string | undefined> {
  // Importing again what is loaded costs some microseconds, each time.
  mime ??= import('mime')
  return (await mime).default.getType(name) ?? undefined
}
