/** What is remembered beyond a process is worth no transfer: without it, they move all the same. */

import { execFileSync } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { runScript } from '../helpers/child-script.ts'
import { mountSmallDisk } from '../helpers/small-disk.ts'
import { BUCKET, engineOptions, fileBytes, MiB, sharedBed } from '../helpers/test-bed.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'

const LARGE = testBytes(17 * MiB)
const OBJECT = `s3://${BUCKET}/object`

describe('a state directory', () => {
  const bed = sharedBed({ engine: { resume: 'always' } })
  afterEach(() => bed().store.reset())

  test.for([
    ['on a disk that is full', 'rw', 'ENOSPC'],
    ['that is read-only', 'ro', 'EROFS'],
  ] as const)('%s fails no transfer, and is told once', async ([, access, reason], context) => {
    const { store, path, file } = bed()
    const state = path(`state-${access}`)
    await mkdir(state)
    if (!mountSmallDisk(state, 64 * 1024)) context.skip('needs the right to mount a small tmpfs')
    try {
      await chmod(state, 0o700)
      await mkdir(join(state, 'journals'), { mode: 0o700 })
      await writeFile(join(state, 'filler'), Buffer.alloc(128 * 1024)).catch(() => undefined)
      if (access === 'ro') execFileSync('mount', ['-o', 'remount,ro', state])
      const source = await file(`source-${access}`, LARGE)
      const result = await runScript(
        `const told = []
         process.on('warning', ({ code, message }) => told.push([code, message]))
         const engine = new TransferEngine(options)
         await engine.upload(argument, '${OBJECT}')
         await engine.download('${OBJECT}', argument + '.copy')
         await engine.close()
         console.log(JSON.stringify(told.filter(([code]) => code === 'STATE_UNWRITABLE')))`,
        {
          engine: {
            ...engineOptions(store),
            resume: 'always',
            recordUploads: false,
            stateDir: state,
          },
          argument: source,
        },
      )
      expect(result.code).toBe(0)
      expect(JSON.parse(result.stdout)).toEqual([
        ['STATE_UNWRITABLE', expect.stringContaining(reason)],
      ])
      expect(differenceOf(await fileBytes(`${source}.copy`), LARGE)).toBeUndefined()
      expect(store.uploads()).toEqual([])
    } finally {
      execFileSync('umount', [state])
    }
  })
})
