import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { ERROR_CODES, TransferError, type ErrorCode } from '../../src/errors.ts'
import { actionOf } from '../../src/store/classify.ts'

const TEXT = readFileSync(
  fileURLToPath(new URL('../../TROUBLESHOOTING.md', import.meta.url)),
  'utf8',
)
const SECTIONS = new Map(
  TEXT.split(/^### /m)
    .slice(1)
    .map((section) => {
      const [code = '', ...body] = section.split('\n')
      return [code, body.join('\n').split(/^## /m)[0]?.trim() ?? '']
    }),
)

describe('TROUBLESHOOTING', () => {
  it('explains every code, and none that is not', () => {
    expect([...SECTIONS.keys()].toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted())
  })

  it('names no code that is none', () => {
    const named = [...new Set(TEXT.match(/\bERR_[A-Z_]+\b/g))]
    expect(named.filter((code) => !Object.hasOwn(ERROR_CODES, code))).toEqual([])
  })

  it.each(Object.keys(ERROR_CODES) as ErrorCode[])('says more of %s than its hint', (code) => {
    expect(SECTIONS.get(code)?.length).toBeGreaterThan(ERROR_CODES[code].hint.length)
  })

  it('says of those codes that are tried again that they were, and of no others', () => {
    const tried = (Object.keys(ERROR_CODES) as ErrorCode[]).filter((code) => {
      const action = actionOf(new TransferError(code, ''))
      return action !== 'fatal' && action !== 'conflict'
    })
    const said = [...SECTIONS].filter(([, text]) => text.startsWith('_')).map(([code]) => code)
    expect(said.toSorted()).toEqual(tried.toSorted())
  })
})
