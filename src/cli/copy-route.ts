/**
 * What a pair of arguments of `cp` means: which side is the store, whether the other one is a file
 * or a stream, and under which name it ends up.
 *
 *   file  → s3://      upload           -, pipe, device → s3://      upload of a stream
 *   s3:// → file, dir  download         s3:// → -, pipe, device      read
 *   s3:// → s3://      copy
 */

import { createReadStream, createWriteStream, type Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, join, sep } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import type { S3Location } from '../index.ts'
import { UsageError } from './usage-error.ts'

export type CopyRoute =
  | {
      readonly kind: 'upload'
      /** What it is called in output. */
      readonly source: string
      readonly target: string
      /** A path, or the stream once it is asked for. */
      readonly open: () => string | Readable
      /** Bytes, where they can be known beforehand. */
      readonly size: number | undefined
      readonly isStream: boolean
    }
  | { readonly kind: 'download' | 'copy'; readonly source: string; readonly target: string }
  | {
      readonly kind: 'read'
      readonly source: string
      readonly target: string
      readonly open: () => Writable
    }

/** Standard streams under the names a system gives them. */
const STDIN: readonly string[] = ['-', '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0']
const STDOUT: readonly string[] = ['-', '/dev/stdout', '/dev/fd/1', '/proc/self/fd/1']

/** Paths that stand for something already open, whatever it is: no file to put beside or rename. */
const OPEN_FILE = /^\/(?:dev|proc\/[^/]+)\/fd\/|^\/dev\/stderr$/

const isUri = (text: string): boolean => text.startsWith('s3://')

/** Whether the source stays. */
export type CopyCommand = 'cp' | 'mv'

/**
 * @param parse the library's reading of `s3://bucket/key`
 * @throws UsageError for what the command does not do; ERR_URI_INVALID, ERR_KEY_INVALID
 */
export async function routeCopy(
  source: string,
  target: string,
  parse: (uri: string) => S3Location,
  command: CopyCommand = 'cp',
): Promise<CopyRoute> {
  for (const text of [source, target]) checkSpelling(text)
  const isMove = command === 'mv'
  if (isMove && (STDIN.includes(source) || STDOUT.includes(target))) throw noFile()
  if (isUri(source) && isUri(target)) return routeBetween(source, parse(source), target, command)
  if (!isUri(source) && !isUri(target)) {
    const message = 'One of source and destination must be s3://bucket/key.'
    throw new UsageError(
      'ERR_USAGE',
      message,
      `For two local files use the ${command} of your system.`,
    )
  }
  const route = isUri(target)
    ? await routeUpload(source, target, parse(target), command)
    : await routeDownload(source, parse(source), target, command)
  const isFile = route.kind === 'download' || (route.kind === 'upload' && !route.isStream)
  if (isMove && !isFile) throw noFile()
  return route
}

/** Below a bucket or a prefix a copy has the last name of its source. */
function routeBetween(
  source: string,
  from: S3Location,
  target: string,
  command: CopyCommand,
): CopyRoute {
  if (from.key === '' || from.key.endsWith('/')) {
    const message = `${source} is a bucket or a prefix, and ${command} is about one object.`
    throw new UsageError('ERR_URI_INVALID', message, 'Add --recursive, or name the object.')
  }
  return { kind: 'copy', source, target }
}

function noFile(): UsageError {
  const message = 'mv moves files and objects; of a stream nothing could be removed, or kept.'
  return new UsageError('ERR_USAGE', message, 'Use cp, and remove the source once it is safe.')
}

async function routeUpload(
  path: string,
  target: string,
  to: S3Location,
  command: CopyCommand,
): Promise<CopyRoute> {
  const isStandard = STDIN.includes(path)
  const found = isStandard ? undefined : await look(path)
  if (found?.isDirectory() === true) {
    const message = `${path} is a directory, and ${command} takes one object.`
    throw new UsageError('ERR_SOURCE_NOT_FILE', message, 'Name a file in it, or add --recursive.')
  }
  if (isStandard || (found !== undefined && !found.isFile())) {
    if (to.key === '' || to.key.endsWith('/')) {
      const message = `A stream has no name to go below ${target}.`
      throw new UsageError('ERR_URI_INVALID', message, 'Name the object: s3://bucket/key.')
    }
    const open = (): Readable => (isStandard ? process.stdin : createReadStream(path))
    return { kind: 'upload', source: path, target, open, size: undefined, isStream: true }
  }
  const key = to.key === '' || to.key.endsWith('/') ? `${to.key}${basename(path)}` : to.key
  // What is missing, or cannot be read, is told by the engine.
  const uri = `s3://${to.bucket}/${key}`
  const open = (): string => path
  return { kind: 'upload', source: path, target: uri, open, size: found?.size, isStream: false }
}

async function routeDownload(
  source: string,
  from: S3Location,
  target: string,
  command: CopyCommand,
): Promise<CopyRoute> {
  if (from.key === '') {
    const message = `${source} is a bucket, and ${command} takes one object.`
    throw new UsageError('ERR_URI_INVALID', message, 'Name the object: s3://bucket/key.')
  }
  if (STDOUT.includes(target)) {
    return { kind: 'read', source, target: '-', open: () => process.stdout }
  }
  const found = await look(target)
  const isSpecial = found !== undefined && !found.isFile() && !found.isDirectory()
  if (isSpecial || OPEN_FILE.test(target)) {
    return { kind: 'read', source, target, open: () => createWriteStream(target) }
  }
  const isInside = found?.isDirectory() === true || target.endsWith('/') || target.endsWith(sep)
  const path = isInside ? join(target, fileNameFor(from.key)) : target
  return { kind: 'download', source, target: path }
}

/** The last part of a key, if it is a name a directory can hold. */
function fileNameFor(key: string): string {
  const name = key.slice(key.lastIndexOf('/') + 1)
  const isName = name !== '' && name !== '.' && name !== '..'
  if (isName && !name.includes(sep) && !name.includes('\0')) return name
  const message = `The key ${JSON.stringify(key)} does not end in the name of a file.`
  throw new UsageError('ERR_USAGE', message, 'Name the file to download to.')
}

/** `s3:/bucket` and `S3://bucket` are no files anybody means. */
function checkSpelling(text: string): void {
  if (text === '') {
    throw new UsageError('ERR_USAGE', 'An argument is empty.', 'Name source and destination.')
  }
  if (isUri(text) || !/^s3:\/?/i.test(text)) return
  const message = `'${text}' is neither s3://bucket/key nor a likely file.`
  throw new UsageError('ERR_URI_INVALID', message, `Write s3://…, or ./${text} for a file.`)
}

async function look(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined)
}
