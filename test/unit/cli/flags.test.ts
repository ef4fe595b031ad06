import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import {
  attributeName,
  engineFlags,
  engineOptionsFrom,
  flagOf,
  parseFlag,
} from '../../../src/cli/flags.ts'
import { isUsageError } from '../../../src/cli/usage-error.ts'
import type { OptionRow } from '../../../src/option-check.ts'
import { resolveOptions, type EngineOptions } from '../../../src/options.ts'
import { OPTIONS } from '../../../src/option-table.ts'
import { GiB, MiB } from '../../../src/units.ts'

const flagged = Object.entries(OPTIONS).flatMap(([name, row]) =>
  row.flag === undefined ? [] : [{ name, flag: row.flag, row }],
)

/** A good value of each kind, as it is typed and as the engine takes it. */
const SAMPLES = {
  count: ['3', 3],
  size: ['9MiB', 9 * MiB],
  duration: ['2s', 2000],
  text: ['some-text', 'some-text'],
  boolean: [undefined, true],
  value: ['some-text', 'some-text'],
} as const

/** Of a choice the last one, typed in another case. */
function sampleOf(row: OptionRow): readonly [typed: string | undefined, value: unknown] {
  if (row.kind !== 'choice') return SAMPLES[row.kind]
  const value = row.values.at(-1) ?? ''
  return [value === value.toLowerCase() ? value.toUpperCase() : value.toLowerCase(), value]
}

function optionsOf(...argv: string[]): EngineOptions {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => undefined })
  for (const option of engineFlags()) command.addOption(option)
  return engineOptionsFrom(command.parse(argv, { from: 'user' }).opts())
}

function failureOf(...argv: string[]): unknown {
  try {
    return optionsOf(...argv)
  } catch (error) {
    return error
  }
}

describe('flags of the engine', () => {
  it.each(flagged)('$flag sets `$name`, and the engine takes the value', ({ name, flag, row }) => {
    const [typed, value] = sampleOf(row)
    const options = optionsOf(...(typed === undefined ? [flag] : [flag, typed]))
    expect(options).toEqual({ [name]: value })
    expect(() => resolveOptions(options)).not.toThrow()
    expect(flagOf(name)).toBe(flag)
  })

  it('leaves out what was not given, so that the engine has its own defaults', () => {
    expect(optionsOf()).toEqual({})
  })

  it('shows each flag once in the help', () => {
    const longs = engineFlags().map(({ long }) => long)
    expect(longs).toEqual(flagged.map(({ flag }) => flag))
    expect(new Set(longs).size).toBe(longs.length)
  })

  it.each([
    ['--part-size', '1MiB', 'a size from 5 MiB to 5 GiB'],
    ['--part-size', '6GiB', 'a size from 5 MiB to 5 GiB'],
    ['--part-size', 'large', 'a size from 5 MiB to 5 GiB'],
    ['--part-size', '8 bananas', 'a size from 5 MiB to 5 GiB'],
    ['--part-size', '-8MiB', 'a size from 5 MiB to 5 GiB'],
    ['--part-size', '', 'a size from 5 MiB to 5 GiB'],
    ['--connect-timeout', '0', 'a time from 1ms to 1h00m'],
    ['--connect-timeout', '3 weeks', 'a time from 1ms to 1h00m'],
    ['--workers', '65', 'a whole number from 0 to 64'],
    ['--workers', '1.5', 'a whole number from 0 to 64'],
    ['--workers', '0x4', 'a whole number from 0 to 64'],
    ['--checksum-algorithm', 'MD5', 'one of CRC32, CRC32C, CRC64NVME, SHA1, SHA256'],
    ['--region', '', 'a text that is not empty'],
  ])('refuses %s %j and names flag and bounds', (flag, text, bounds) => {
    const error = failureOf(flag, text)
    expect(isUsageError(error)).toBe(true)
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID' })
    expect((error as Error).message).toContain(`Expected ${flag} to be ${bounds}`)
    expect((error as Error).message).toContain(`got '${text}'`)
  })

  it('takes the bounds themselves', () => {
    const { partSize } = OPTIONS
    expect(parseFlag('--part-size', partSize, '5MiB')).toBe(5 * MiB)
    expect(parseFlag('--part-size', partSize, '5GiB')).toBe(5 * GiB)
  })

  it('knows the name under which commander hands a flag over', () => {
    expect(attributeName('--endpoint-url')).toBe('endpointUrl')
  })
})
