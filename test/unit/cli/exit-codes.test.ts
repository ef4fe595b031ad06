import { describe, expect, it } from 'vitest'
import { EXIT, exitCodeOf } from '../../../src/cli/exit-codes.ts'
import { UsageError } from '../../../src/cli/usage-error.ts'
import { ERROR_CODES, TransferError, type ErrorCode } from '../../../src/errors.ts'

const USAGE = ['ERR_OPTION_INVALID', 'ERR_OPTION_UNKNOWN', 'ERR_URI_INVALID', 'ERR_KEY_INVALID']

describe('exit codes', () => {
  it('are those that scripts know', () => {
    expect(EXIT).toMatchObject({ done: 0, failed: 1, usage: 2, interrupted: 130, terminated: 143 })
  })

  it.each(Object.keys(ERROR_CODES) as ErrorCode[])('%s has the code of its kind', (code) => {
    const expected = USAGE.includes(code) ? 2 : 1
    expect(exitCodeOf(new TransferError(code, 'message'))).toBe(expected)
  })

  it('is 2 for any wrong command line and 1 for what nobody foresaw', () => {
    expect(exitCodeOf(new UsageError('ERR_SOURCE_NOT_FILE', 'message', 'hint'))).toBe(2)
    expect(exitCodeOf(new Error('what'))).toBe(1)
    expect(exitCodeOf(undefined)).toBe(1)
  })
})
