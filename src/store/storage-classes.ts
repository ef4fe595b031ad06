/**
 * Storage classes, as far as they matter here.
 */

/** What an object has of which a store names none. */
export const STANDARD = 'STANDARD'

/** Those that are read only once restored. Source: S3 User Guide, "Working with archived objects". */
const ARCHIVES: readonly string[] = ['GLACIER', 'DEEP_ARCHIVE']

/** Whether an object of a class must be restored before it can be read. */
export function isArchived(storageClass: string | undefined): boolean {
  return storageClass !== undefined && ARCHIVES.includes(storageClass)
}
