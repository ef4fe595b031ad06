/**
 * Journals and notes of the command, looked at from outside: read as text, with nothing of the code
 * that wrote them.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The journal of the transfer of a key; empty when there is none. */
export function journalText(stateDir: string, key: string): string {
  const dir = join(stateDir, 'journals')
  for (const name of namesIn(dir)) {
    if (!name.endsWith('.journal')) continue
    const text = textOf(join(dir, name))
    if (text.includes(`"key":"${key}"`)) return text
  }
  return ''
}

/** Ranges that a journal holds, by number from 1. What stands behind its last line break is torn. */
export function rangesNoted(text: string, partSize: number): ReadonlySet<number> {
  const noted = text.matchAll(/^[0-9a-f]{8} \d+ \{"type":"range","start":(\d+),.*\}\n/gm)
  return new Set([...noted].map(([, start]) => Number(start) / partSize + 1))
}

/** Journals, whole or not yet. */
export function journalsIn(stateDir: string): readonly string[] {
  return namesIn(join(stateDir, 'journals')).filter((name) => !name.endsWith('.lock'))
}

export function locksIn(stateDir: string): readonly string[] {
  return namesIn(join(stateDir, 'journals')).filter((name) => name.endsWith('.lock'))
}

/** Notes of trees, and their locks. */
export function treesIn(stateDir: string): readonly string[] {
  return namesIn(join(stateDir, 'trees'))
}

/** Ids of the uploads that are noted as open. */
export function uploadsNoted(stateDir: string): readonly string[] {
  const dir = join(stateDir, 'uploads')
  return namesIn(dir).map((name) => {
    const [, id = name] = /"uploadId":"([^"]*)"/.exec(textOf(join(dir, name))) ?? []
    return id
  })
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

/** Empty when it is gone meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
