/**
 * One examination of a store and of this machine: probes one after the other, then what was made is
 * removed, whatever happened; then what follows from it all.
 */

import { TransferError } from '../errors.ts'
import type { ResolvedOptions } from '../options.ts'
import { throwIfAborted } from '../store/abortable.ts'
import { classifyException } from '../store/classify.ts'
import { ControlTransport } from '../store/control-transport.ts'
import type { ObjectStore, StoreSettings } from '../store/object-store.ts'
import type { StoreProfile } from '../store/profiles.ts'
import type { S3StoreOptions } from '../store/s3-store-options.ts'
import type { S3Location } from '../store/uri.ts'
import { advise } from './advise.ts'
import { compareProfile } from './compare-profile.ts'
import { finding, type Advice, type Difference, type Finding } from './findings.ts'
import type { Patient, Probe } from './patient.ts'
import { probeCalls } from './probe-calls.ts'
import { probeChecksums } from './probe-checksums.ts'
import { probeConditions } from './probe-conditions.ts'
import { probeKeepAlive, probeLatency, probeRate } from './probe-connection.ts'
import { probeDelete } from './probe-delete.ts'
import { hostFindings, probeDisk, readHost, type Host } from './probe-host.ts'
import { probeExistingListing, probeListing } from './probe-listing.ts'
import { probeMultipart } from './probe-multipart.ts'
import { probeExisting, probeObjects } from './probe-objects.ts'
import { probeReach } from './probe-reach.ts'
import { RawClient } from './raw-client.ts'
import { Scratch } from './scratch.ts'

const WRITING: readonly Probe[] = [
  probeObjects,
  probeConditions,
  probeChecksums,
  probeListing,
  probeMultipart,
  probeCalls,
  probeDelete,
  probeLatency,
  probeRate,
]

const READING: readonly Probe[] = [probeExisting, probeExistingListing, probeLatency]

/** Longer than any silence a probe keeps, so that it is the store who ends a connection. */
const KEEP_ALIVE_MS = 10_000

export interface DiagnoseOptions {
  /** Write nothing to the store. @default false */
  readonly readOnly?: boolean | undefined
  /** Whose disk is measured; none without. */
  readonly directory?: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Hears of each finding as it is made. */
  readonly onFinding?: ((finding: Finding) => void) | undefined
}

export interface Diagnosis {
  readonly findings: readonly Finding[]
  /** The profile, and what it rests on; `undefined` when not even settings were found. */
  readonly provider: Pick<StoreProfile, 'name' | 'title' | 'sources'> | undefined
  readonly differences: readonly Difference[]
  readonly advice: readonly Advice[]
  /** Whether everything the engine needs is there. */
  readonly usable: boolean
}

/** What is examined, made by whoever starts: modules that every start has are not loaded twice. */
export interface Subject {
  readonly store: ObjectStore
  readonly storeOptions: S3StoreOptions
  readonly options: ResolvedOptions
  readonly place: S3Location
  readonly repair: (store: ObjectStore, bucket: string, error: TransferError) => boolean
}

/** @throws ERR_ABORTED; whatever else goes wrong is a finding */
export async function examine(subject: Subject, options: DiagnoseOptions): Promise<Diagnosis> {
  const transport = new ControlTransport(subject.storeOptions)
  // What is silent for a while must not be disturbed by what the others ask.
  const silent = new ControlTransport(subject.storeOptions, KEEP_ALIVE_MS)
  try {
    return await new Examination(subject, options).run({ transport, silent })
  } finally {
    transport.destroy()
    silent.destroy()
  }
}

interface Transports {
  readonly transport: ControlTransport
  readonly silent: ControlTransport
}

class Examination {
  readonly #subject: Subject
  readonly #options: DiagnoseOptions
  readonly #findings: Finding[] = []

  constructor(subject: Subject, options: DiagnoseOptions) {
    this.#subject = subject
    this.#options = options
  }

  async run({ transport, silent }: Transports): Promise<Diagnosis> {
    const { store, repair, place } = this.#subject
    const { bucket, key: prefix } = place
    const { readOnly = false, directory, signal = new AbortController().signal } = this.#options
    const host = await readHost()
    this.#note(hostFindings(host))
    if (directory !== undefined) this.#note([await probeDisk(directory)])
    throwIfAborted(signal)
    const settings = await this.#settings()
    if (settings === undefined) return this.#diagnosis(undefined, host)
    const asked = { store, bucket, signal }
    const raw = new RawClient({ ...asked, transport })
    const scratch = new Scratch(raw, prefix)
    const patient: Patient = { raw, scratch, settings, prefix, isReadOnly: readOnly, signal }
    const reached = await probeReach(patient, (error) => repair(store, bucket, error))
    this.#note(reached.findings)
    if (!reached.isLost)
      await this.#examine(patient, new RawClient({ ...asked, transport: silent }))
    return this.#diagnosis(settings, host)
  }

  async #examine(patient: Patient, silent: RawClient): Promise<void> {
    const keepAlive = this.#outcomeOf(probeKeepAlive, { ...patient, raw: silent })
    // An abort is told by the others.
    keepAlive.catch(() => undefined)
    try {
      for (const probe of patient.isReadOnly ? READING : WRITING) {
        this.#note(await this.#outcomeOf(probe, patient))
      }
      this.#note(await keepAlive)
    } finally {
      if (!patient.isReadOnly) await this.#cleanUp(patient)
    }
  }

  /** A probe that got no answer says so, and the next is asked. */
  async #outcomeOf(probe: Probe, patient: Patient): Promise<readonly Finding[]> {
    try {
      return await probe(patient)
    } catch (error) {
      throwIfAborted(patient.signal)
      const { code, message } = classifyException(error)
      return [finding('reach', 'lost', 'bad', `A request got no answer. ${code}: ${message}`)]
    }
  }

  async #cleanUp({ scratch, signal }: Patient): Promise<void> {
    const left = await scratch.remove()
    const names = left.join(', ')
    if (signal.aborted && left.length > 0) {
      throw new TransferError('ERR_ABORTED', 'Aborted.', { leftBehind: names })
    }
    this.#note([
      left.length === 0
        ? finding('clean-up', 'done', 'good', 'All that was written is removed again.')
        : finding('clean-up', 'left-behind', 'bad', `Could not be removed: ${names}.`),
    ])
  }

  async #settings(): Promise<StoreSettings | undefined> {
    try {
      return await this.#subject.store.settings()
    } catch (error) {
      const { code, message, hint } = classifyException(error)
      this.#note([finding('identity', 'no', 'bad', `${code}: ${message} ${hint}`)])
      return undefined
    }
  }

  #note(findings: readonly Finding[]): void {
    this.#findings.push(...findings)
    for (const each of findings) this.#options.onFinding?.(each)
  }

  #diagnosis(settings: StoreSettings | undefined, host: Host): Diagnosis {
    const findings = this.#findings
    const profile = settings?.profile
    return {
      findings,
      provider: profile,
      differences: profile === undefined ? [] : compareProfile(profile, findings),
      advice: advise({ findings, settings, options: this.#subject.options, host }),
      usable: findings.every(({ verdict }) => verdict !== 'bad'),
    }
  }
}
