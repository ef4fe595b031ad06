import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { routeCopy, type CopyCommand, type CopyRoute } from '../../../src/cli/copy-route.ts'
import { parseS3Uri } from '../../../src/store/uri.ts'

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'transfer-engine-route-'))
  writeFileSync(join(dir, 'file.txt'), 'twelve bytes')
  mkdirSync(join(dir, 'folder'))
  execFileSync('mkfifo', [join(dir, 'pipe')])
})
afterAll(() => rmSync(dir, { recursive: true }))

const route = (source: string, target: string, command?: CopyCommand): Promise<CopyRoute> =>
  routeCopy(source, target, parseS3Uri, command)
const inDir = (name: string): string => join(dir, name)

describe('an upload', () => {
  it.each([
    ['s3://b', 's3://b/file.txt'],
    ['s3://b/', 's3://b/file.txt'],
    ['s3://b/p/', 's3://b/p/file.txt'],
    ['s3://b/p', 's3://b/p'],
  ])('of a file to %s is %s', async (target, uri) => {
    const found = await route(inDir('file.txt'), target)
    expect(found).toMatchObject({ kind: 'upload', target: uri, size: 12 })
    expect('open' in found && found.open()).toBe(inDir('file.txt'))
  })

  it.each(['-', '/dev/stdin'])('of %s reads standard input', async (source) => {
    const found = await route(source, 's3://b/key')
    expect(found.kind === 'upload' && found.open()).toBe(process.stdin)
  })

  it('of a named pipe is a stream', async () => {
    const found = await route(inDir('pipe'), 's3://b/key')
    expect(found).toMatchObject({ kind: 'upload', target: 's3://b/key', size: undefined })
  })

  it.each(['s3://b', 's3://b/prefix/'])('of a stream needs more than %s', async (target) => {
    await expect(route('-', target)).rejects.toMatchObject({ code: 'ERR_URI_INVALID' })
  })

  it('leaves a missing file to the engine', async () => {
    const found = await route(inDir('none'), 's3://b/')
    expect(found).toMatchObject({ kind: 'upload', target: 's3://b/none', size: undefined })
  })

  it('of a directory is refused', async () => {
    await expect(route(inDir('folder'), 's3://b/')).rejects.toMatchObject({
      code: 'ERR_SOURCE_NOT_FILE',
    })
  })
})

describe('a download', () => {
  it.each([
    ['other.txt', 'other.txt'],
    ['folder', 'folder/name.bin'],
    ['folder/', 'folder/name.bin'],
    ['missing/', 'missing/name.bin'],
  ])('to %s goes to %s', async (target, path) => {
    const found = await route('s3://b/p/name.bin', `${dir}/${target}`)
    expect(found).toEqual({ kind: 'download', source: 's3://b/p/name.bin', target: inDir(path) })
  })

  it.each(['-', '/dev/stdout', '/dev/fd/1'])('to %s is read to standard output', async (target) => {
    const found = await route('s3://b/key', target)
    expect(found).toMatchObject({ kind: 'read', target: '-' })
    expect('open' in found && found.open()).toBe(process.stdout)
  })

  it.each(['/dev/null', '/dev/fd/9'])('to %s is read', async (target) => {
    expect(await route('s3://b/key', target)).toMatchObject({ kind: 'read', target })
  })

  it('to a named pipe is read', async () => {
    expect(await route('s3://b/key', inDir('pipe'))).toMatchObject({ kind: 'read' })
  })

  it.each(['s3://b/p/', 's3://b/..', 's3://b/a/.'])(
    'of %s into a directory has no name',
    async (source) => {
      await expect(route(source, dir)).rejects.toMatchObject({ code: 'ERR_USAGE' })
    },
  )

  it('of a bucket is refused', async () => {
    await expect(route('s3://b', dir)).rejects.toMatchObject({ code: 'ERR_URI_INVALID' })
  })
})

describe('what cp does not do', () => {
  it.each([
    ['s3://a/x/', 's3://b/y', 'ERR_URI_INVALID'],
    ['s3://a', 's3://b', 'ERR_URI_INVALID'],
    ['a', 'b', 'ERR_USAGE'],
    ['', 's3://b/y', 'ERR_USAGE'],
    ['a', '', 'ERR_USAGE'],
    ['a', 's3:/b/y', 'ERR_URI_INVALID'],
    ['a', 'S3://b/y', 'ERR_URI_INVALID'],
    ['a', 's3://', 'ERR_URI_INVALID'],
    ['a', 's3://host:9000/b/y', 'ERR_URI_INVALID'],
  ])('is told for %j to %j', async (source, target, code) => {
    await expect(route(source, target)).rejects.toMatchObject({ code })
  })
})

describe('a move', () => {
  it('is of a file or an object', async () => {
    expect(await route(inDir('file.txt'), 's3://b/', 'mv')).toMatchObject({ kind: 'upload' })
    expect(await route('s3://b/key', inDir('folder'), 'mv')).toMatchObject({ kind: 'download' })
  })

  it.each([
    ['-', 's3://b/'],
    ['-', 's3://b/key'],
    ['/dev/stdin', 's3://b/key'],
    ['PIPE', 's3://b/key'],
    ['s3://b/key', '-'],
    ['s3://b/key', 'PIPE'],
    ['s3://b/key', '/dev/null'],
  ])('is of no stream: %s to %s', async (source, target) => {
    const named = (text: string): string => (text === 'PIPE' ? inDir('pipe') : text)
    const failure = route(named(source), named(target), 'mv')
    await expect(failure).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringMatching(/^mv moves files and objects/) as string,
    })
  })
})
