/**
 * Which transfer a journal belongs to: the same call finds the same journal. Pure.
 */

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { attributeHeaders, type ObjectAttributes } from '../store/attributes.ts'
import { openAttributes } from './identities.ts'
import { journalsDirectory } from './state-directory.ts'
import type { DownloadBegin, Place, UploadBegin } from './records.ts'

/**
 * Length of a job's name. Hexadecimal digits. Source: none; 128 bits of SHA-256 are far from a
 * collision by chance, and leave room for the rest of a lock's name.
 */
const NAME_LENGTH = 32

/** The name of a transfer. */
export const NAME = new RegExp(`^[0-9a-f]{${NAME_LENGTH}}$`)

const JOURNAL_NAME = new RegExp(`^([0-9a-f]{${NAME_LENGTH}})\\.journal$`)

/** What makes two calls the same transfer. */
export interface JobKey {
  readonly direction: 'upload' | 'download'
  readonly place: Pick<Place, 'endpoint' | 'bucket' | 'key' | 'versionId'>
  /** Absolute. */
  readonly path: string
}

/** The name of a transfer, from what it is. */
export function jobName({ direction, place, path }: JobKey): string {
  const { endpoint, bucket, key, versionId = null } = place
  return shortHash([direction, endpoint, bucket, key, versionId, path], NAME_LENGTH)
}

/** The name of the transfer that a journal began. */
export function jobNameOf(begin: UploadBegin | DownloadBegin): string {
  return jobName({ direction: begin.type, place: begin.place, path: begin.path })
}

/** Where the journal of a transfer is. */
export function journalPath(stateDirectory: string, name: string): string {
  return join(journalsDirectory(stateDirectory), `${name}.journal`)
}

/** The transfer a file of the journals directory belongs to; `undefined` for other files. */
export function jobOfFile(fileName: string): string | undefined {
  return JOURNAL_NAME.exec(fileName)?.[1]
}

/**
 * Stands for all that Create fixes about an object, so that a resume that asks for something else
 * is noticed. Conditions are not in it: they are met when the upload completes. Nor is a customer
 * key, not even as a hash; the store itself refuses parts of another key.
 */
export function attributesDigest(attributes: ObjectAttributes, hasCustomerKey: boolean): string {
  const headers = attributeHeaders('create', openAttributes(attributes))
  const pairs: string[] = []
  for (let at = 0; at < headers.length; at += 2) {
    pairs.push(`${headers[at]}: ${headers[at + 1]}`)
  }
  return shortHash([hasCustomerKey, pairs.sort()], NAME_LENGTH)
}

function shortHash(value: unknown, length: number): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, length)
}
