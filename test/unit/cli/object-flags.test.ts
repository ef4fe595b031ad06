import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  objectFlagOf,
  objectFlags,
  objectOptionsFrom,
  type Direction,
} from '../../../src/cli/object-flags.ts'
import { isUsageError, type UsageError } from '../../../src/cli/usage-error.ts'
import {
  checkCopyOptions,
  checkDownloadOptions,
  checkUploadOptions,
} from '../../../src/transfer-options.ts'
import { resolveOptions } from '../../../src/options.ts'

const { tuning } = resolveOptions()

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'transfer-engine-flags-'))
})
afterAll(() => rmSync(dir, { recursive: true }))

function optionsOf(direction: Direction, ...argv: string[]): Record<string, unknown> {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => undefined })
  for (const option of objectFlags()) command.addOption(option)
  return objectOptionsFrom(command.parse(argv, { from: 'user' }).opts(), direction)
}

function failureOf(direction: Direction, ...argv: string[]): UsageError {
  try {
    optionsOf(direction, ...argv)
  } catch (error) {
    if (isUsageError(error)) return error
    throw error
  }
  throw new Error('expected a failure')
}

describe('flags of an object', () => {
  const key = randomBytes(32).toString('base64')

  it.each([
    ['--content-type', 'text/plain', 'contentType', 'text/plain'],
    ['--cache-control', 'no-cache', 'cacheControl', 'no-cache'],
    ['--content-disposition', 'inline', 'contentDisposition', 'inline'],
    ['--content-encoding', 'gzip', 'contentEncoding', 'gzip'],
    ['--content-language', 'de', 'contentLanguage', 'de'],
    ['--expires', '2030-01-31', 'expires', '2030-01-31'],
    ['--metadata', 'a=1,b=2', 'metadata', { a: '1', b: '2' }],
    ['--tags', 'team=x', 'tags', { team: 'x' }],
    ['--storage-class', 'STANDARD_IA', 'storageClass', 'STANDARD_IA'],
    ['--acl', 'public-read', 'acl', 'public-read'],
    ['--sse', 'aws:kms', 'serverSideEncryption', 'aws:kms'],
    ['--request-payer', 'requester', 'requestPayer', 'requester'],
    ['--expected-bucket-owner', '123456789012', 'expectedBucketOwner', '123456789012'],
    ['--if-none-match', '*', 'ifNoneMatch', '*'],
    ['--if-match', '"abc"', 'ifMatch', '"abc"'],
  ])('%s %s is an option of an upload', (flag, text, option, value) => {
    const options = optionsOf('upload', flag, text)
    expect(options).toEqual({ [option]: value })
    expect(() => checkUploadOptions(options, tuning)).not.toThrow()
    expect(objectFlagOf(option)).toBe(flag)
  })

  it('takes --sse and --request-payer without a value', () => {
    expect(optionsOf('upload', '--sse', '--request-payer')).toEqual({
      serverSideEncryption: 'AES256',
      requestPayer: 'requester',
    })
  })

  it('takes the flags of a download', () => {
    const options = optionsOf('download', '--version-id', 'v1', '--sse-c-key', key)
    expect(options).toEqual({ versionId: 'v1', sseCustomerKey: Buffer.from(key, 'base64') })
    expect(() => checkDownloadOptions(options, tuning)).not.toThrow()
  })

  it('takes what is carried one by one or with commas, and nothing else', () => {
    const options = optionsOf('copy', '--carry', 'storage-class,acl', '--carry', 'acl')
    expect(options).toEqual({ carry: ['storageClass', 'acl'] })
    expect(() => checkCopyOptions(options, tuning)).not.toThrow()
    expect(failureOf('copy', '--carry', 'storage-class,owner').message).toContain("'owner'")
  })

  it.each([
    ['download', '--content-type', 'text/plain'],
    ['download', '--metadata', 'a=1'],
    ['upload', '--version-id', 'v1'],
    ['upload', '--carry', 'storage-class'],
  ] as const)('refuses in a %s what would be ignored: %s', (direction, flag, text) => {
    const error = failureOf(direction, flag, text)
    expect(error.code).toBe('ERR_OPTION_INVALID')
    expect(error.message).toContain(`${flag} has no meaning`)
  })

  it('reads a customer key from a file, raw or as base64', () => {
    const raw = Buffer.from(key, 'base64')
    writeFileSync(join(dir, 'raw'), raw)
    writeFileSync(join(dir, 'text'), `${key}\n`)
    for (const name of ['raw', 'text']) {
      const { sseCustomerKey } = optionsOf('upload', '--sse-c-key', `@${join(dir, name)}`)
      expect(raw.equals(sseCustomerKey as Buffer)).toBe(true)
    }
  })

  it('shows no customer key, not even a bad one', () => {
    const bad = 'c2hvcnQtc2VjcmV0'
    const error = failureOf('upload', '--sse-c-key', bad)
    expect(error.code).toBe('ERR_OPTION_INVALID')
    expect(error.message + error.hint).not.toContain(bad)
    expect(error.message).toContain('--sse-c-key')
  })

  it('tells when the file of a customer key cannot be read', () => {
    const error = failureOf('upload', '--sse-c-key', `@${join(dir, 'none')}`)
    expect(error.message).toMatch(/--sse-c-key.*ENOENT/)
  })

  it.each([
    ['--sse', 'rot13'],
    ['--request-payer', 'somebody'],
    ['--content-type', ''],
    ['--tags', 'x'],
  ])('refuses %s %j', (flag, text) => {
    expect(failureOf('upload', flag, text).message).toContain(`Expected ${flag} to be`)
  })
})
