import { CommanderError } from 'commander'
import { describe, expect, it } from 'vitest'
import { failureOf, failureText, usageErrorOf } from '../../../src/cli/report-error.ts'
import { UsageError } from '../../../src/cli/usage-error.ts'
import { TransferError } from '../../../src/errors.ts'

const quiet = { debug: false }

describe('a failure on the terminal', () => {
  it('is a line with its code and a line with a hint', () => {
    const error = new TransferError('ERR_BUCKET_NOT_FOUND', 'No bucket b')
    expect(failureText(error, quiet)).toBe(
      'transfer-engine: ERR_BUCKET_NOT_FOUND No bucket b\n' +
        '  hint: Create the bucket or correct its name.\n',
    )
  })

  it('stays two lines, whatever the store says', () => {
    const error = new TransferError('ERR_REQUEST_REFUSED', 'bad\n\u001B[31mred')
    const text = failureText(error, quiet)
    expect(text.split('\n')).toHaveLength(3)
    expect(text).toContain(String.raw`bad\n\u001b[31mred`)
  })

  it('names the object where the store only speaks of it', () => {
    const context = { bucket: 'b', key: 'k', status: 404 }
    const nameless = new TransferError('ERR_OBJECT_NOT_FOUND', 'The store answered 404.', context)
    expect(failureText(nameless, quiet)).toContain('answered 404. (s3://b/k)\n')
    const named = new TransferError('ERR_OBJECT_NOT_FOUND', 'No object k.', context)
    expect(failureText(named, quiet)).toContain('No object k.\n')
    const local = new TransferError('ERR_CREDENTIALS', 'No keys.', { bucket: 'b', key: 'k' })
    expect(failureText(local, quiet)).toContain('No keys.\n')
  })

  it('names the flag where the library names its option', () => {
    const error = new TransferError('ERR_OPTION_INVALID', 'Expected `partSize` to be …', {
      option: 'partSize',
    })
    expect(failureOf(error).message).toBe('Expected --part-size to be …')
    const other = new TransferError('ERR_OPTION_INVALID', 'Expected `sseKmsKeyId` to be …', {
      option: 'sseKmsKeyId',
    })
    expect(failureOf(other).message).toBe('Expected --sse-kms-key-id to be …')
  })

  it('tells what clean-up left behind', () => {
    const error = new TransferError('ERR_ABORTED', 'Aborted', { leftBehind: 'upload abc' })
    expect(failureText(error, quiet)).toContain('  left behind: upload abc\n')
  })

  it('shows context, stack and causes only for --debug', () => {
    const cause = new Error('connect ECONNREFUSED')
    const error = new TransferError('ERR_CONNECT', 'Cannot connect', { bucket: 'b' }, { cause })
    expect(failureText(error, quiet)).not.toMatch(/context|stack|ECONNREFUSED/)
    const text = failureText(error, { debug: true })
    expect(text).toContain('context: {"bucket":"b"}')
    expect(text).toContain('stack: TransferError: Cannot connect')
    expect(text).toContain('cause: Error: connect ECONNREFUSED')
  })

  it('is a bug to report when nobody foresaw it', () => {
    expect(failureOf(new TypeError('x is not a function'))).toMatchObject({
      code: 'ERR_INTERNAL',
      message: 'x is not a function',
      hint: expect.stringContaining('report') as string,
    })
  })

  it('keeps the hint of a wrong command line', () => {
    const error = new UsageError('ERR_USAGE', 'Wrong.', 'Do this.')
    expect(failureText(error, quiet)).toBe('transfer-engine: ERR_USAGE Wrong.\n  hint: Do this.\n')
  })
})

describe('what commander finds wrong', () => {
  it('gets our code, one line, and a hint to the help', () => {
    const message = "error: unknown option '--part-sise'\n(Did you mean --part-size?)"
    expect(
      usageErrorOf(new CommanderError(1, 'commander.unknownOption', message), 'cp'),
    ).toMatchObject({
      code: 'ERR_OPTION_UNKNOWN',
      message: "Unknown option '--part-sise' (Did you mean --part-size?)",
      hint: 'See transfer-engine cp --help.',
    })
    const missing = new CommanderError(
      1,
      'commander.missingArgument',
      "error: missing argument 'x'",
    )
    expect(usageErrorOf(missing, '')).toMatchObject({
      code: 'ERR_USAGE',
      hint: 'See transfer-engine --help.',
    })
  })
})
