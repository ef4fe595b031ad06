/**
 * The sums of a dry run as lines for people.
 */

import type { TreePlan } from '../index.ts'
import { formatSize } from '../units.ts'
import { escapeText } from './output.ts'
import type { Cost } from './prices.ts'

/** `would take: 12 PUT, 3 LIST`, and what that costs. */
export function planText({ requests }: TreePlan, cost: Cost | undefined): string {
  const counts = Object.entries(requests)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
  const lines = counts.length === 0 ? [] : [`requests, at the least: ${counts.join(', ')}`]
  if (cost !== undefined) lines.push(...costLines(cost))
  return lines.map((line) => `${escapeText(line)}\n`).join('')
}

/** `10 uploads of 3.0 MiB, 2 deletions` */
export function planLine(plan: TreePlan): string {
  const { uploads, downloads, copies, deletions, moves } = plan
  const { bytesUp, bytesDown, bytesCopied } = plan
  const facts = [
    ...(uploads > 0 ? [`${counted(uploads, 'upload')} of ${formatSize(bytesUp)}`] : []),
    ...(downloads > 0 ? [`${counted(downloads, 'download')} of ${formatSize(bytesDown)}`] : []),
    ...(copies > 0 ? [`${counted(copies, 'copy')} of ${formatSize(bytesCopied)}`] : []),
    ...(moves > 0 ? [`removal of ${counted(moves, 'source')}`] : []),
    ...(deletions > 0 ? [counted(deletions, 'deletion')] : []),
  ]
  return facts.join(', ')
}

function counted(count: number, word: string): string {
  if (count === 1) return `1 ${word}`
  return `${count} ${word.endsWith('y') ? `${word.slice(0, -1)}ies` : `${word}s`}`
}

function costLines({ currency, requests, egress, total, storageMonth, unpriced }: Cost): string[] {
  const money = (amount: number): string => `${amount.toFixed(4)} ${currency}`.trim()
  const sum = `expected cost: ${money(total)} (requests ${money(requests)}, egress ${money(egress)})`
  const month = storageMonth > 0 ? `, and ${money(storageMonth)} a month for storage` : ''
  const lines = [`${sum}${month}`]
  if (unpriced.length > 0) lines.push(`without a price, and not counted: ${unpriced.join(', ')}`)
  return lines
}
