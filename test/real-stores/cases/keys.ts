/** Hostile keys: stored, fetched and listed, each as it is. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { assertFile, engineCase, type EngineCase } from './case.ts'

/** Keys that are no ordinary names, by what is hard about them. */
export const KEYS: Readonly<Record<string, readonly string[]>> = {
  characters: ['a b+c%20&=?#', 'ü\u0308/é', '😀', `quo'te"<&>`, '*(!)~'],
  backslash: ['back\\slash', 'a\\b/c'],
  control: ['new\nline', 'tab\t', '\u0001\u007f'],
  folders: ['folder/', 'other/', 'other/below'],
  slashes: ['a//b', '/first', 'x///'],
  dots: ['../up', './here', 'a/../b', 'a/.', '...'],
  'file-and-folder': ['name', 'name/below', 'name/below/deeper'],
}

/** Folders are empty everywhere. */
function bytesFor(name: string): Buffer {
  return Buffer.from(name.endsWith('/') ? '' : `the bytes of ${name}`)
}

function keysCase(name: string, keys: readonly string[]): EngineCase {
  return engineCase(`keys.${name}`, async ({ bucket, prefix, dir, engine }) => {
    const transfers = engine()
    for (const each of keys) {
      const object = { bucket, key: `${prefix}${each}` }
      await transfers.upload(bytesFor(each), object)
    }
    for (const [index, each] of keys.entries()) {
      const path = join(dir, String(index))
      await transfers.download({ bucket, key: `${prefix}${each}` }, path)
      await assertFile(path, bytesFor(each))
    }
    const listed: string[] = []
    for await (const entry of transfers.list(`s3://${bucket}/${prefix}`)) {
      if (entry.kind === 'object') listed.push(entry.key.slice(prefix.length))
    }
    assert.deepEqual(listed.sort(), [...keys].sort())
  })
}

export const KEY_CASES: readonly EngineCase[] = Object.entries(KEYS).map(([name, keys]) =>
  keysCase(name, keys),
)
