import { execFileSync } from 'node:child_process'
import {
  appendFile,
  chmod,
  lstat,
  mkdir,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { runScript } from '../helpers/child-script.ts'
import { failureOf, until } from '../helpers/failure.ts'
import { mountSmallDisk } from '../helpers/small-disk.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'
import {
  BUCKET,
  engineOptions,
  fileBytes,
  MiB,
  sharedBed,
  storedKeys,
  temporaryFiles,
} from '../helpers/test-bed.ts'

const LARGE = testBytes(17 * MiB)
const OBJECT = `s3://${BUCKET}/object`

const CHANGES: readonly (readonly [string, (path: string) => Promise<void>])[] = [
  ['truncated', (path) => truncate(path, 6 * MiB)],
  ['emptied', (path) => truncate(path, 0)],
  ['grown', (path) => appendFile(path, 'more')],
  ['written to', (path) => writeFile(path, testBytes(17 * MiB, 2))],
  ['touched', (path) => utimes(path, new Date(), new Date(Date.now() - 60_000))],
]

describe('a source file', () => {
  const bed = sharedBed({ engine: { maxInFlight: 1 } })
  afterEach(() => bed().store.reset())

  /** Starts an upload whose second request is held up, and waits until that is there. */
  async function heldUp(path: string, key: string) {
    const { engine, store } = bed()
    store.requests.clear()
    store.faults.add({
      match: { operation: ['UploadPart', 'PutObject'] },
      fault: { kind: 'delay', ms: 300, at: 'before-operation' },
    })
    const transfer = engine.upload(path, `s3://${BUCKET}/${key}`)
    const failure = failureOf(transfer)
    await until(
      () => store.requests.entries().some(({ operation }) => /Part|Put/.test(operation)),
      'bytes are on their way',
    )
    return { transfer, failure }
  }

  test.each(CHANGES)('%s while its parts are sent makes no object', async (_, change) => {
    const { store, file } = bed()
    const path = await file('source', LARGE)
    const { failure } = await heldUp(path, 'object')
    await change(path)
    expect(await failure).toMatchObject({ code: 'ERR_SOURCE_CHANGED', context: { path } })
    expect(storedKeys(store)).toEqual([])
    expect(store.uploads()).toEqual([])
  })

  test.each(CHANGES)('%s while it is sent in one PUT is reported', async (_, change) => {
    const { file } = bed()
    const path = await file('source', LARGE.subarray(0, 4 * MiB))
    const { failure } = await heldUp(path, 'object')
    await change(path)
    expect((await failure).code).toBe('ERR_SOURCE_CHANGED')
  })

  test('replaced by another file under its name is uploaded as it was', async () => {
    const { store, file, path } = bed()
    const source = await file('source', LARGE)
    const { transfer, failure } = await heldUp(source, 'object')
    failure.catch(() => undefined)
    await rename(await file('other', testBytes(MiB, 3)), path('source'))
    expect((await transfer).verified).toBe('checksum')
    expect(differenceOf(store.objects(BUCKET)[0]?.bytes() ?? Buffer.alloc(0), LARGE)).toBe(
      undefined,
    )
  })

  test.each([
    ['that is missing', 'none', 'ERR_SOURCE_NOT_FOUND'],
    ['below a file', 'plain/none', 'ERR_SOURCE_NOT_FOUND'],
    ['that is a directory', 'folder', 'ERR_SOURCE_NOT_FILE'],
    ['that is a pipe', 'pipe', 'ERR_SOURCE_NOT_FILE'],
    ['that is a device', '/dev/null', 'ERR_SOURCE_NOT_FILE'],
  ])('%s is refused before anything is sent', async (_, name, code) => {
    const { engine, store, file, path } = bed()
    await file('plain', Buffer.from('x'))
    await mkdir(path('folder'), { recursive: true })
    if (name === 'pipe') execFileSync('mkfifo', [path('pipe')])
    store.requests.clear()
    const source = name.startsWith('/') ? name : path(name)
    const error = await failureOf(engine.upload(source, OBJECT))
    expect(error).toMatchObject({ code, context: { path: source } })
    expect(store.requests.entries()).toEqual([])
  })
})

describe('a target', () => {
  const bed = sharedBed()
  afterEach(() => bed().store.reset())

  test.each([
    ['that is a directory', 'folder', 'ERR_TARGET_IS_DIRECTORY'],
    ['in a directory that is missing', 'none/file', 'ERR_TARGET_UNWRITABLE'],
    ['below a file', 'plain/file', 'ERR_TARGET_UNWRITABLE'],
    ['that is a device', '/dev/null', 'ERR_TARGET_UNWRITABLE'],
    ['where nothing can be made, not even by root', '/proc/file', 'ERR_TARGET_UNWRITABLE'],
    ['with a name too long', 'x'.repeat(300), 'ERR_TARGET_UNWRITABLE'],
  ])('%s is refused before a byte is asked for', async (_, name, code) => {
    const { engine, store, file, path } = bed()
    await file('plain', Buffer.from('x'))
    await mkdir(path('folder'), { recursive: true })
    await engine.upload(LARGE, OBJECT)
    const target = name.startsWith('/') ? name : path(name)
    const error = await failureOf(engine.download(OBJECT, target))
    expect(error).toMatchObject({ code, context: { path: target } })
    expect(store.requests.entries({ operation: 'GetObject' })).toEqual([])
  })

  test('keeps the permissions of the file it replaces', async () => {
    const { engine, file } = bed()
    await engine.upload(LARGE, OBJECT)
    const target = await file('target', Buffer.from('old'))
    await chmod(target, 0o640)
    await engine.download(OBJECT, target)
    expect((await stat(target)).mode & 0o777).toBe(0o640)
    expect(differenceOf(await fileBytes(target), LARGE)).toBeUndefined()
  })

  test('that is a symbolic link is replaced; what it points to stays', async () => {
    const { engine, file, path } = bed()
    await engine.upload(Buffer.from('new'), OBJECT)
    const elsewhere = await file('elsewhere', Buffer.from('old'))
    await symlink(elsewhere, path('link'))
    await engine.download(OBJECT, path('link'))
    expect((await lstat(path('link'))).isSymbolicLink()).toBe(false)
    expect((await fileBytes(elsewhere)).toString()).toBe('old')
    await expect(readlink(path('link'))).rejects.toThrow('EINVAL')
  })
})

describe('a target that changes while the object comes', () => {
  const bed = sharedBed({ engine: { resume: 'always' } })
  afterEach(() => bed().store.reset())

  /** Downloads to a path, and does something to it once bytes arrive. */
  async function changing(path: string, change: () => Promise<void>): Promise<{ code: string }> {
    const { engine, store } = bed()
    await engine.upload(LARGE, OBJECT)
    store.faults.add({
      match: { operation: 'GetObject' },
      fault: { kind: 'stall-response', afterBytes: 1 * MiB, ms: 300 },
    })
    const transfer = engine.download(OBJECT, path)
    const outcome = transfer.then(
      () => ({ code: 'done' }),
      ({ code }: { code: string }) => ({ code }),
    )
    await until(() => transfer.progress.transferred > 0, 'bytes arrive')
    await change()
    return outcome
  }

  test('into a directory is refused; what is in there stays', async () => {
    const path = await bed().file('becomes-directory', Buffer.from('old'))
    const outcome = await changing(path, async () => {
      await rm(path)
      await mkdir(path)
      await writeFile(join(path, 'theirs'), 'x')
    })
    expect(outcome.code).toBe('ERR_TARGET_IS_DIRECTORY')
    expect(await readdir(path)).toEqual(['theirs'])
    expect(await temporaryFiles(bed().dir)).toEqual([])
  })

  test('into a symbolic link is replaced; what that points to stays', async () => {
    const path = await bed().file('becomes-link', Buffer.from('old'))
    const elsewhere = await bed().file('pointed-to', Buffer.from('theirs'))
    const outcome = await changing(path, async () => {
      await rm(path)
      await symlink(elsewhere, path)
    })
    expect(outcome.code).toBe('done')
    expect((await fileBytes(elsewhere)).toString()).toBe('theirs')
    expect((await lstat(path)).isFile()).toBe(true)
    expect(differenceOf(await fileBytes(path), LARGE)).toBeUndefined()
  })

  test('into nothing is made again', async () => {
    const path = await bed().file('vanishes', Buffer.from('old'))
    expect((await changing(path, () => rm(path))).code).toBe('done')
    expect(differenceOf(await fileBytes(path), LARGE)).toBeUndefined()
  })
})

describe('a disk', () => {
  const bed = sharedBed()
  afterEach(() => bed().store.reset())

  test('whose limit of file size is too low is reported; the old file stays', async () => {
    const { engine, store, file, dir } = bed()
    await engine.upload(LARGE, OBJECT)
    const target = await file('target', Buffer.from('old'))
    const result = await runScript(
      `const engine = new TransferEngine(options)
       await engine.download('${OBJECT}', argument).catch((error) => console.log(error.code))
       await engine.close()`,
      {
        engine: engineOptions(store),
        argument: target,
        // In blocks of 512 bytes or of 1 KiB, depending on the shell: below 17 MiB in both.
        prefix: ['sh', '-c', 'ulimit -f 8192; exec "$@"', 'sh'],
      },
    )
    expect(result).toMatchObject({ code: 0, stdout: 'ERR_DISK_FULL\n', stderr: '' })
    expect((await fileBytes(target)).toString()).toBe('old')
    expect(await temporaryFiles(dir)).toEqual([])
  })

  test('that is full, or gets full on the way, keeps the old file', async (context) => {
    const { engine, store, path } = bed()
    const disk = path('disk')
    await mkdir(disk)
    if (!mountSmallDisk(disk, 24 * MiB)) context.skip('needs the right to mount a small tmpfs')
    try {
      await engine.upload(LARGE, OBJECT)
      const target = join(disk, 'target')
      await writeFile(target, 'old')

      // Full beforehand: not a byte is asked for.
      await writeFile(join(disk, 'filler'), Buffer.alloc(16 * MiB))
      const early = await failureOf(engine.download(OBJECT, target))
      expect(early).toMatchObject({ code: 'ERR_DISK_FULL', context: { path: target } })
      expect(store.requests.entries({ operation: 'GetObject' })).toEqual([])

      // Full while bytes arrive.
      await truncate(join(disk, 'filler'), 0)
      store.faults.add({
        match: { operation: 'GetObject' },
        fault: { kind: 'stall-response', afterBytes: 1 * MiB, ms: 400 },
      })
      const transfer = engine.download(OBJECT, target)
      const failure = failureOf(transfer)
      await until(() => transfer.progress.transferred > 0, 'bytes arrive')
      await writeFile(join(disk, 'filler'), Buffer.alloc(16 * MiB))
      expect((await failure).code).toBe('ERR_DISK_FULL')
      expect((await fileBytes(target)).toString()).toBe('old')
      expect(await temporaryFiles(disk)).toEqual([])
    } finally {
      execFileSync('umount', [disk])
    }
  })
})
