/**
 * The first request: whether the store answers, whom it believes, how buckets are addressed, whether its
 * clock agrees with ours, and whether the bucket may be listed.
 */

import { isTransferError, type TransferError } from '../errors.ts'
import { classifyException } from '../store/classify.ts'
import type { StoreRoute } from '../store/types.ts'
import { finding, refusal, type Finding } from './findings.ts'
import type { Patient } from './patient.ts'
import type { RawAnswer } from './raw-client.ts'

/** Difference of clocks from which it is worth a remark. Milliseconds. */
const CLOCK_NOTED_MS = 60_000

/** Answers that say the keys are wrong, whatever the rights. */
const WRONG_KEYS = ['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidSecurity', 'NotSignedUp']

/** Corrections of one request: of the clock, and of the region. */
const REPAIRS = 2

export interface Reached {
  readonly findings: readonly Finding[]
  /** Nothing else can be asked of the store. */
  readonly isLost: boolean
}

/** Corrects what a refusal says is wrong on our side. Returns false when it does not say. */
export type Repair = (error: TransferError) => boolean

export async function probeReach(patient: Patient, repair: Repair): Promise<Reached> {
  const { raw } = patient
  let route: StoreRoute
  try {
    route = await raw.route()
  } catch (error) {
    return lost(error)
  }
  const asked = await ask(patient, repair)
  if (!('answer' in asked)) {
    const other = await tryPathStyle(patient, route)
    return other ?? lost(asked.error)
  }
  const { answer } = asked
  const { error } = answer
  const code = error?.context.storeCode
  route = await raw.route()
  const findings = [
    finding('reach', 'yes', 'good', `${route.origin} answers with status ${answer.status}.`),
    identityOf(route),
    addressingOf(route),
    clockOf(answer, route),
  ]
  if (error === undefined) {
    findings.push(finding('list', 'version-2', 'good', 'The bucket is listed by ListObjectsV2.'))
    return { findings, isLost: false }
  }
  if (error.code === 'ERR_ACCESS_DENIED' && !WRONG_KEYS.includes(code ?? '')) {
    findings.push(refusal('list', error, 's3:ListBucket', true))
    return { findings, isLost: false }
  }
  if (error.code === 'ERR_NOT_SUPPORTED') {
    const meaning = 'There is no ListObjectsV2: trees, sync and ls do not work; single objects do.'
    findings.push(finding('list', 'missing', 'bad', meaning))
    return { findings, isLost: false }
  }
  const bad = finding('reach', 'refused', 'bad', sentenceOf(error))
  return { findings: [bad, ...findings.slice(1)], isLost: true }
}

/** One listing, again with what its refusal says is wrong on our side. */
async function ask(
  { raw, prefix }: Patient,
  repair: Repair,
): Promise<{ readonly answer: RawAnswer } | { readonly error: unknown }> {
  for (let round = 0; ; round += 1) {
    try {
      const query = [
        ['list-type', '2'],
        ['max-keys', '1'],
        ['prefix', prefix],
      ] as const
      const answer = await raw.send({ method: 'GET', query })
      const { error } = answer
      const code = error?.code
      const isOurs = code === 'ERR_WRONG_REGION' || code === 'ERR_CLOCK_SKEW'
      if (error === undefined || !isOurs || round >= REPAIRS) return { answer }
      if (!repair(error)) return { answer }
    } catch (error) {
      if (isTransferError(error) && error.code === 'ERR_ABORTED') throw error
      return { error }
    }
  }
}

/** Where `bucket.host` cannot be reached, the host alone may be. */
async function tryPathStyle(
  { raw, prefix }: Patient,
  route: StoreRoute,
): Promise<Reached | undefined> {
  const start = `//${raw.bucket}.`
  if (route.basePath !== '' || !route.origin.includes(start)) return undefined
  const other = {
    ...route,
    origin: route.origin.replace(start, '//'),
    host: route.host.slice(raw.bucket.length + 1),
    basePath: `/${raw.bucket}`,
  }
  try {
    const query = [
      ['list-type', '2'],
      ['max-keys', '1'],
      ['prefix', prefix],
    ] as const
    const { status } = await raw.send({ method: 'GET', query, route: other })
    const meaning =
      `${route.origin} cannot be reached, ${other.origin} answers with status ${status}: ` +
      'buckets stand in the path here.'
    const addressing = finding('addressing', 'path-style-needed', 'bad', meaning)
    return { findings: [addressing], isLost: true }
  } catch {
    return undefined
  }
}

function lost(error: unknown): Reached {
  const failure = classifyException(error)
  if (failure.code === 'ERR_ABORTED') throw failure
  const probe = failure.code === 'ERR_CREDENTIALS' ? 'identity' : 'reach'
  return { findings: [finding(probe, 'no', 'bad', sentenceOf(failure))], isLost: true }
}

function sentenceOf(error: TransferError): string {
  return `${error.code}: ${error.message} ${error.hint}`
}

function identityOf({ signing, credentials }: StoreRoute): Finding {
  if (signing === undefined || credentials === undefined) {
    return finding('identity', 'anonymous', 'note', 'Requests are not signed: public objects only.')
  }
  const { accessKeyId, sessionToken, expiresAt } = credentials
  const kind = sessionToken === undefined ? 'lasting keys' : 'temporary keys'
  const until = expiresAt === undefined ? '' : `, good until ${new Date(expiresAt).toISOString()}`
  const meaning =
    `Signed with ${kind} ending in ${accessKeyId.slice(-4)}${until}, for the region ` +
    `${signing.region} and the service ${signing.service}.`
  return finding('identity', 'signed', 'good', meaning)
}

function addressingOf({ basePath, host }: StoreRoute): Finding {
  return basePath === ''
    ? finding('addressing', 'virtual-host', 'good', `The bucket stands before the host: ${host}.`)
    : finding('addressing', 'path', 'good', `The bucket stands in the path: ${host}${basePath}.`)
}

/** The Date header has whole seconds, and may have been written at any time meanwhile. */
function clockOf({ headers, elapsedMs }: RawAnswer, { clockOffsetMs }: StoreRoute): Finding {
  const date = Date.parse(headers['date'] ?? '')
  if (Number.isNaN(date)) {
    const why = 'The store does not tell its time, so a wrong clock could not be corrected.'
    return finding('clock', 'unknown', 'note', why)
  }
  const value = clockOffsetMs === 0 ? date + 500 - (Date.now() - elapsedMs / 2) : clockOffsetMs
  const seconds = Math.round(Math.abs(value) / 1000)
  if (Math.abs(value) < CLOCK_NOTED_MS) {
    return finding('clock', 'right', 'good', `The clocks agree to ${seconds} s.`, { value })
  }
  const side = value < 0 ? 'ahead of' : 'behind'
  const meaning =
    `This clock is ${seconds} s ${side} the store's. From 15 min on requests are refused; the engine ` +
    'then signs by the clock of the store.'
  return finding('clock', 'off', 'note', meaning, { value })
}
