/**
 * Reads fault rules that come as JSON from outside. Every field is known and checked, since a
 * rule with a misspelt field would do nothing and let a test pass for the wrong reason.
 */

import type { FaultKind, FaultRule } from './fault-types.ts'

type FieldCheck = (value: unknown) => boolean
type Fields = Readonly<Record<string, FieldCheck>>

const isString: FieldCheck = (value) => typeof value === 'string'
const isBoolean: FieldCheck = (value) => typeof value === 'boolean'
const isCount: FieldCheck = (value) => Number.isSafeInteger(value) && Number(value) >= 0
const isInteger: FieldCheck = (value) => Number.isSafeInteger(value)
const isChance: FieldCheck = (value) => typeof value === 'number' && value >= 0 && value <= 1
const isPositive: FieldCheck = (value) => typeof value === 'number' && value > 0
const isMap: FieldCheck = (value) => isObject(value) && Object.values(value).every(isString)
const isListOf =
  (check: FieldCheck): FieldCheck =>
  (value) =>
    Array.isArray(value) && value.every(check)
const isOneOrMore =
  (check: FieldCheck): FieldCheck =>
  (value) =>
    check(value) || isListOf(check)(value)
const isOneOf =
  (...values: readonly string[]): FieldCheck =>
  (value) =>
    values.includes(value as string)

const isCut = isOneOf('rst', 'fin')
const isPoint = isOneOf('before-body', 'before-operation', 'after-operation')

/** Fields of each kind; a name with `!` before it must be given. */
const FAULT_FIELDS: Readonly<Record<FaultKind, Fields>> = {
  answer: {
    '!status': isCount,
    at: isPoint,
    code: isString,
    message: isString,
    extra: isMap,
    retryAfter: isString,
    headers: isMap,
    body: isOneOf('error', 'error-without-code', 'broken-xml', 'html', 'empty', 'blanks'),
  },
  'rate-limit': { '!perSecond': isCount, per: isOneOf('all', 'prefix'), retryAfter: isString },
  'trickle-answer': { '!ms': isCount, code: isString },
  delay: { '!ms': isCount, at: isPoint },
  drop: { '!at': isPoint, how: isCut },
  'drop-request': { '!afterBytes': isCount, how: isCut },
  'drop-response': { '!afterBytes': isCount, how: isCut },
  'stall-request': { '!afterBytes': isCount, ms: isCount },
  'stall-response': { '!afterBytes': isCount, ms: isCount },
  throttle: { '!bytesPerSecond': isPositive, shared: isBoolean },
  'close-after': { '!announced': isBoolean },
  continue: { '!answer': isOneOf('late', 'never', 'refused'), ms: isCount },
  'no-content-length': {},
  refuse: { '!ms': isCount },
  'never-read': {},
  'max-connections': { '!max': isCount },
  'short-body': { '!missing': isCount },
  'flip-request': { '!offset': isCount },
  'flip-response': { '!offset': isCount },
  'content-range': { shift: isInteger, total: isInteger },
  'other-bytes': { '!shift': isCount },
  'ignore-header': { '!header': isString },
  'set-query': { '!name': isString, '!value': isString },
  'set-header': { '!header': isString, value: isString },
  'wrong-etag': { value: isString },
  'wrong-checksum': {},
  'hide-checksums': {},
  'list-parts': { omit: isListOf(isCount), sizeDelta: isInteger },
  'lose-part': {},
  gzip: {},
}

const RULE_FIELDS: Fields = {
  '!fault': isObject,
  match: isObject,
  skip: isCount,
  times: isCount,
  probability: isChance,
  seed: isInteger,
  durationMs: isCount,
}

const MATCH_FIELDS: Fields = {
  operation: isOneOrMore(isString),
  bucket: isString,
  key: isString,
  keyPattern: isString,
  partNumber: isOneOrMore(isCount),
  rangeStart: isCount,
  connection: isCount,
  accessKeyId: isString,
}

/** Reads one rule. @throws TypeError that names the field. */
export function parseFaultRule(value: unknown): FaultRule {
  const rule = checkFields('rule', value, RULE_FIELDS)
  if (rule['match'] !== undefined) checkFields('match', rule['match'], MATCH_FIELDS)
  const fault = rule['fault'] as Record<string, unknown>
  const { kind, ...fields } = fault
  const known = FAULT_FIELDS[kind as FaultKind]
  if (typeof kind !== 'string' || known === undefined) {
    throw new TypeError(`Unknown fault kind: ${String(kind)}`)
  }
  checkFields(`fault ${kind}`, fields, known)
  return rule as unknown as FaultRule
}

function checkFields(what: string, value: unknown, fields: Fields): Record<string, unknown> {
  if (!isObject(value)) throw new TypeError(`Expected the ${what} to be an object`)
  for (const [name, item] of Object.entries(value)) {
    const check = fields[name] ?? fields[`!${name}`]
    if (check === undefined) throw new TypeError(`Unknown field \`${name}\` of the ${what}`)
    if (!check(item)) throw new TypeError(`Bad value of \`${name}\` of the ${what}`)
  }
  for (const name of Object.keys(fields)) {
    if (name.startsWith('!') && value[name.slice(1)] === undefined) {
      throw new TypeError(`Missing field \`${name.slice(1)}\` of the ${what}`)
    }
  }
  return value
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
