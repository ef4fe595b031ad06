import { describe, expect, it } from 'vitest'
import { isTransferError, type TransferError } from '../../src/errors.ts'
import { bounds, checkOption, unknownOption, type OptionRow } from '../../src/option-check.ts'
import { OPTIONS } from '../../src/option-table.ts'
import { resolveOptions, type EngineOptions } from '../../src/options.ts'

const rows = Object.entries(OPTIONS)
const numeric = rows.filter(([, row]) => 'min' in row) as [
  string,
  Extract<OptionRow, { readonly min: number }>,
][]

/** The error options are refused with. */
function refusalOf(options: object): TransferError {
  try {
    resolveOptions(options)
  } catch (error) {
    if (isTransferError(error)) return error
    throw error
  }
  throw new Error(`accepted ${JSON.stringify(options)}`)
}

describe('numeric options', () => {
  it.each(numeric)('%s has a default within its bounds, and takes its bounds', (name, row) => {
    expect(row.min).toBeLessThan(row.max)
    for (const value of [row.default ?? row.min, row.min, row.max]) {
      expect(checkOption(name, row, value)).toBe(value)
    }
  })

  it.each(numeric)('%s refuses what is out of bounds and says what they are', (name, row) => {
    for (const value of [row.min - 1, row.max + 1]) {
      const error = refusalOf({ [name]: value })
      expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option: name } })
      expect(error.message).toBe(
        `Expected \`${name}\` to be ${bounds(row)}, got ${value} (number).`,
      )
    }
  })

  it.each(numeric)('%s refuses other types', (name, row) => {
    for (const value of [String(row.min), row.min + 0.5, Number.NaN, null, true, {}]) {
      expect(refusalOf({ [name]: value }).code).toBe('ERR_OPTION_INVALID')
    }
  })
})

describe('other options', () => {
  it.each(rows.filter(([, row]) => row.kind === 'text'))('%s is a text', (name, row) => {
    expect(checkOption(name, row, 'some text')).toBe('some text')
    for (const value of ['', 7, null, ['a']]) {
      expect(refusalOf({ [name]: value }).message).toContain('a text that is not empty')
    }
  })

  it.each(rows.filter(([, row]) => row.kind === 'boolean'))('%s is a boolean', (name, row) => {
    expect([true, false].map((value) => checkOption(name, row, value))).toEqual([true, false])
    for (const value of ['true', 1, null]) {
      expect(refusalOf({ [name]: value }).message).toContain('true or false')
    }
  })

  it.each(rows.filter(([, row]) => row.kind === 'choice'))('%s is one of a few', (name, row) => {
    const values = 'values' in row ? row.values : []
    for (const value of values) expect(checkOption(name, row, value)).toBe(value)
    // Without a default in the table, the environment or the endpoint has the say.
    const fallback = 'default' in row ? row.default : undefined
    const isOfEnvironment = ['requestChecksumCalculation', 'provider'].includes(name)
    expect(fallback === undefined).toBe(isOfEnvironment)
    if (!isOfEnvironment) expect(values).toContain(fallback)
    expect(refusalOf({ [name]: 'MD4' }).message).toContain(values.join(', '))
  })

  it.each([
    [{ accessKeyId: 'a', secretAccessKey: 'b' }],
    [{ accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' }],
    [() => Promise.resolve({ accessKeyId: 'a', secretAccessKey: 'b' })],
    ['anonymous'],
  ])('credentials may be %s', (credentials) => {
    expect(resolveOptions({ credentials } as EngineOptions).target.credentials).toBe(credentials)
  })

  it.each([
    [{ accessKeyId: 'a' }],
    [{ accessKeyId: 'a', secretAccessKey: 7 }],
    [{ secretAccessKey: 'hush-hush' }],
    ['hush-hush'],
    [null],
    [7],
  ])('credentials may not be %j, and are never shown', (credentials) => {
    const { code, message } = refusalOf({ credentials })
    expect(code).toBe('ERR_OPTION_INVALID')
    expect(message).not.toContain('hush-hush')
  })
})

describe('names of options', () => {
  it.each([
    ['partsize', 'partSize'],
    ['prtSize', 'partSize'],
    ['maxConnection', 'maxConnections'],
    ['endpiont', 'endpoint'],
    ['max_concurrency', 'maxInFlight'],
    ['multipart_chunksize', 'partSize'],
    ['multipart_threshold', 'multipartThreshold'],
    ['max_pool_connections', 'maxConnections'],
    ['region_name', 'region'],
    ['endpoint_url', 'endpoint'],
    ['queueSize', 'maxInFlight'],
    ['forcePathStyle', 'pathStyle'],
  ])('%s is answered with %s', (name, nearest) => {
    expect(refusalOf({ [name]: 1 })).toMatchObject({
      code: 'ERR_OPTION_UNKNOWN',
      message: `Unknown option \`${name}\`. Did you mean \`${nearest}\`?`,
      context: { option: name },
    })
  })

  it('gives no advice for a name that is like none', () => {
    expect(refusalOf({ completelyDifferent: 1 }).message).toBe(
      'Unknown option `completelyDifferent`.',
    )
  })

  it.each(['__proto__x', 'constructor', 'toString', 'hasOwnProperty'])(
    '%s is no option',
    (name) => {
      expect(refusalOf({ [name]: 1 }).code).toBe('ERR_OPTION_UNKNOWN')
    },
  )

  it('of elsewhere lead to one of ours each, and are none of ours', () => {
    const former = rows.flatMap(([name, { was }]) => (was ?? []).map((old) => [old, name] as const))
    expect(former.length).toBeGreaterThan(10)
    expect(new Set(former.map(([old]) => old)).size).toBe(former.length)
    for (const [old, name] of former) {
      expect(OPTIONS).not.toHaveProperty(old)
      expect(unknownOption(old, OPTIONS).message).toContain(`\`${name}\``)
    }
  })

  it('have flags that are alike, and each flag once', () => {
    const flags = rows.flatMap(([, { flag }]) => flag ?? [])
    expect(new Set(flags).size).toBe(flags.length)
    for (const flag of flags) expect(flag).toMatch(/^--[a-z]+(-[a-z]+)*$/)
  })
})

describe('resolved options', () => {
  it('have every default, and are frozen', () => {
    const resolved = resolveOptions()
    for (const [name, row] of rows) {
      if ('default' in row && row.default !== undefined && name !== 'workers') {
        expect({ ...resolved.tuning, ...resolved.target }).toHaveProperty(name, row.default)
      }
    }
    expect(Object.keys(resolved.target)).toEqual(['tlsMinVersion', 'resume'])
    expect(Object.values(resolved.tuning)).not.toContain(undefined)
    expect(Object.isFrozen(resolved.tuning) && Object.isFrozen(resolved.target)).toBe(true)
  })

  it('are told apart: where to, and how much', () => {
    const given = { region: 'eu-west-1', target: 's3://b/', partSize: 5_242_880 }
    const { target, tuning } = resolveOptions(given)
    const rest = { tlsMinVersion: 'TLSv1.2', resume: 'auto' }
    expect(target).toEqual({ region: 'eu-west-1', target: 's3://b/', ...rest })
    expect(tuning.partSize).toBe(5_242_880)
  })

  it('take undefined for left out', () => {
    expect(resolveOptions({ partSize: undefined, region: undefined })).toEqual(resolveOptions())
  })

  it('have no more workers or requests than connections', () => {
    const { tuning } = resolveOptions({ workers: 8, maxConnections: 2, maxInFlight: 100 })
    expect(tuning).toMatchObject({ workers: 2, maxInFlight: 2, maxConnections: 2 })
    expect(resolveOptions({ workers: 0 }).tuning.workers).toBe(0)
  })
})
