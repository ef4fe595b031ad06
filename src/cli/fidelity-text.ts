/**
 * What copies will carry and what they will lose, as lines for people: only what some object has.
 */

import type { AspectReport, Fidelity } from '../index.ts'
import { formatSize } from '../units.ts'
import { escapeText } from './output.ts'
import { renderTable } from './table.ts'

const WORDS: Readonly<Record<AspectReport['aspect'], string>> = {
  metadata: 'metadata',
  headers: 'headers',
  tags: 'tags',
  storageClass: 'storage class',
  acl: 'ACL',
  encryption: 'encryption',
  objectLock: 'object lock',
  websiteRedirect: 'redirect',
  metadataBeyondHeaders: 'metadata beyond headers',
  versions: 'older versions',
}

const COLUMNS = [
  { title: '  what', align: 'left' },
  { title: 'objects', align: 'right' },
  { title: 'in the copy', align: 'left' },
  { title: '', align: 'left' },
] as const

/** `10,000 objects …`, and a table of what is carried, set, lost or refused. */
export function fidelityText(fidelity: Fidelity): string {
  const { sample, listed, isAll, bytesListed, aspects } = fidelity
  const sum = bytesListed === undefined ? '' : ` of ${formatSize(bytesListed)}`
  const count = `${listed} objects${isAll ? '' : ' and more'}${sum}`
  const shown = aspects.filter(({ found }) => found === undefined || found > 0)
  const head = `${count}; of ${sample} that were looked at:\n`
  if (shown.length === 0) return `${head}  none has more than its bytes\n`
  const rows = shown.map(({ aspect, found, fate, note }) => [
    `  ${WORDS[aspect]}`,
    aspect === 'versions' ? (found === undefined ? '?' : 'yes') : String(found ?? '?'),
    fate,
    note,
  ])
  return escapeLines(head + renderTable(COLUMNS, rows))
}

function escapeLines(text: string): string {
  return text
    .split('\n')
    .map((line) => escapeText(line))
    .join('\n')
}
