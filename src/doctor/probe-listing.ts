/** Whether a listing begins where it is told to, and tells every character of a key. */

import { finding, skipped, type Finding } from './findings.ts'
import type { Patient } from './patient.ts'

/** A key XML cannot say without `encoding-type`; nothing about it is rare otherwise. */
const NAMES = ['listed/a', 'listed/b', 'listed/c \u0001']

const SCANNED = 'Long listings are scanned in several places at once.'

/** Writes some keys and lists them from the middle. */
export async function probeListing({ raw, scratch }: Patient): Promise<readonly Finding[]> {
  for (const name of NAMES) {
    const { error } = await scratch.put(name, Buffer.from('listed'))
    // The probe of objects tells why; a key with a control character may be refused.
    if (error !== undefined && name !== NAMES.at(-1)) return []
  }
  const prefix = `${scratch.prefix}listed/`
  const answer = await raw.send({
    method: 'GET',
    query: [
      ['list-type', '2'],
      ['encoding-type', 'url'],
      ['prefix', prefix],
      ['start-after', `${prefix}a`],
    ],
  })
  const text = answer.body.toString('utf8')
  if (answer.error !== undefined) return []
  const encodes = /<EncodingType>url<\/EncodingType>/.test(text)
  const meaning = 'Keys that XML cannot say would be listed wrongly.'
  return [
    startAfterOf(/<Key>[^<]*listed(?:\/|%2F)a<\/Key>/.test(text)),
    encodes
      ? finding('encoding-type', 'honoured', 'good', 'Every character of a key can be listed.')
      : finding('encoding-type', 'ignored', 'note', meaning),
  ]
}

/** The same by the first two objects that are there. */
export async function probeExistingListing(patient: Patient): Promise<readonly Finding[]> {
  const { raw, prefix } = patient
  const keysOf = async (more: readonly (readonly [string, string])[]): Promise<string[]> => {
    const query = [['list-type', '2'], ['prefix', prefix], ['max-keys', '2'], ...more] as const
    const { body } = await raw.send({ method: 'GET', query })
    return [...body.toString('utf8').matchAll(/<Key>([\w./ -]+)<\/Key>/g)].map(
      ([, key]) => key ?? '',
    )
  }
  const [first, second] = await keysOf([])
  if (first === undefined || second === undefined) {
    return [skipped('start-after', 'There are not two objects with plain names to tell it by.')]
  }
  const behind = await keysOf([['start-after', first]])
  return [startAfterOf(behind[0] !== second)]
}

function startAfterOf(isIgnored: boolean): Finding {
  if (!isIgnored) return finding('start-after', 'honoured', 'good', SCANNED)
  const meaning = 'Listings begin at the beginning, whatever is asked: long ones are one scan.'
  return finding('start-after', 'ignored', 'note', meaning)
}
