/**
 * What each store is known not to do, from `expected/NAME.json`: for the two suites, groups of cases
 * with the reason. A case in a group must fail, all others must pass; so what a new version of a
 * store does better shows as well as what it does worse. Only where a store is in a race with itself
 * may a case do either.
 */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export const SUITES = ['conformance', 'engine'] as const

export type Suite = (typeof SUITES)[number]

/** Cases that fail for one reason. */
export interface Deviation {
  /** A sentence without its full stop, for the table in the README. */
  readonly reason: string
  readonly cases: readonly string[]
  /** The store is in a race with itself there: a case may pass, too. */
  readonly sometimes?: true
}

export type Expected = Readonly<Record<Suite, readonly Deviation[]>>

export async function readExpected(directory: string, store: string): Promise<Expected> {
  const path = join(directory, `${store}.json`)
  return parseExpected(await readFile(path, 'utf8'), path)
}

/** @param name for what it throws. @throws Error for what is not of the form, or named twice */
export function parseExpected(text: string, name: string): Expected {
  const data = JSON.parse(text) as unknown
  const fail = (what: string): never => {
    throw new Error(`${name}: ${what}`)
  }
  if (!isRecord(data)) return fail('not an object')
  const others = Object.keys(data).filter((key) => !(SUITES as readonly string[]).includes(key))
  if (others.length > 0) fail(`there is no suite ${others.join(', ')}`)
  const read = (suite: Suite): readonly Deviation[] => {
    const groups = data[suite]
    if (!Array.isArray(groups)) return fail(`${suite} is not a list`)
    const all = groups.map((group: unknown) =>
      readGroup(group, (what) => fail(`${suite}: ${what}`)),
    )
    const ids = all.flatMap(({ cases }) => cases)
    const twice = ids.filter((id, index) => ids.indexOf(id) !== index)
    if (twice.length > 0) fail(`${suite} names ${twice.join(', ')} twice`)
    return all
  }
  return { conformance: read('conformance'), engine: read('engine') }
}

function readGroup(group: unknown, fail: (what: string) => never): Deviation {
  if (!isRecord(group)) return fail('a group is not an object')
  const { reason, cases, sometimes, ...rest } = group
  if (Object.keys(rest).length > 0) fail(`a group has ${Object.keys(rest).join(', ')}`)
  if (typeof reason !== 'string' || reason.trim() === '' || /[|\n]|\.$/.test(reason)) {
    return fail('a reason is a sentence on one line, without its full stop and without |')
  }
  const isList = Array.isArray(cases) && cases.length > 0
  if (!isList || !cases.every((id) => typeof id === 'string')) {
    return fail(`no cases for: ${reason}`)
  }
  if (sometimes !== undefined && sometimes !== true) return fail('`sometimes` is true or left out')
  return sometimes === undefined ? { reason, cases } : { reason, cases, sometimes }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
