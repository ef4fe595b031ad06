/** A tree of files with names that are hard on tools, some empty, most small, a few large. */

import { createHash, type Hash } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { MiB } from 'transfer-engine'
import { writeRandomFile } from '../../src/cli/demo/random-file.ts'
import { testBytes } from '../helpers/test-bytes.ts'

/** Longest name of a file. Bytes. Source: NAME_MAX. */
const NAME_MAX = 255

const NAMES: readonly string[] = [
  ' blanks  within and around ',
  'u\u0308mlaut decomposed',
  '\u00fcmlaut composed',
  'per%cent %41 %2F 100%',
  'plus+and&ampersand;=?#~*',
  'new\nline\r\ttab',
  'emoji 😀 and 𝒳',
  '\ufffd above \ud7ff, before 😀',
  '\uff5e wide',
  '.leading dot',
  '...',
  '__proto__',
  'constructor',
  `quo'te"s\``,
  'back\\slash',
  '<xml>&amp;]]>',
  '\u007f\u00a0\u200b\ufeff',
  'n'.repeat(NAME_MAX),
  'é'.repeat(Math.floor(NAME_MAX / 2)),
  '-rf',
]

/** Source: none; most small files are smaller, none may go in parts. */
const SMALL_MAX = 16 * 1024

/** Objects bear whole seconds: what was written in the second of its upload counts as newer. */
const AGE_MS = 60_000

export interface TreeSize {
  readonly small: number
  /** Bytes of each large file. */
  readonly huge: readonly number[]
}

/** Where large files are: before, between and behind the others. */
const HUGE_NAMES = ['!first huge', 'd05 huge/m', '~last huge']

/** Makes the tree, which is not there yet. */
export async function makeHostileTree(root: string, { small, huge }: TreeSize): Promise<void> {
  for (let index = 0; index < small; index += 1) {
    const path = join(root, smallName(index))
    mkdirSync(dirname(path), { recursive: true })
    // Every tenth is empty, and the others are of all sizes.
    const size = index % 10 === 0 ? 0 : 1 + ((index * 7919) % SMALL_MAX)
    writeFileSync(path, testBytes(size, index))
  }
  for (const [index, size] of huge.entries()) {
    const path = join(root, HUGE_NAMES[index] ?? `huge ${index}`)
    mkdirSync(dirname(path), { recursive: true })
    await writeRandomFile(path, size, new AbortController().signal)
  }
  const time = new Date(Date.now() - AGE_MS)
  for (const name of filesBelow(root)) utimesSync(join(root, name), time, time)
}

/** Names below the root, `/` between them, in no order of meaning. */
export function filesBelow(root: string): string[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => !entry.isDirectory())
  return files.map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1))
}

/** Size and SHA-256 of every file, by name. */
export function fingerprints(root: string): Map<string, string> {
  return new Map(
    filesBelow(root).map((name) => {
      const path = join(root, name)
      return [name, fingerprintOf(statSync(path).size, hashOf(path))]
    }),
  )
}

/** Size, and the digest of all bytes. */
export function fingerprintOf(size: number, hash: Hash): string {
  return `${size} ${hash.digest('hex')}`
}

/** In pieces, since a file may be larger than a buffer. */
function hashOf(path: string): Hash {
  const hash = createHash('sha256')
  const block = Buffer.allocUnsafe(MiB)
  const file = openSync(path, 'r')
  try {
    for (let read = readSync(file, block); read > 0; read = readSync(file, block)) {
      hash.update(block.subarray(0, read))
    }
  } finally {
    closeSync(file)
  }
  return hash
}

/** All names in the first directories, each in one after the other. */
function smallName(index: number): string {
  const round = Math.floor(index / NAMES.length)
  const name = NAMES[index % NAMES.length] ?? ''
  if (round === 0) return name
  const hostile = [...(NAMES[round % NAMES.length] ?? '')].slice(0, 60).join('')
  return `d${String(round).padStart(2, '0')} ${hostile}/${name}`
}
