/**
 * How many bytes of a transfer have moved: those of finished parts, plus what running jobs report
 * through their slots. A lost attempt takes its bytes back, so the number may go down; it reaches
 * the total only when the transfer is verified.
 */

import type { EventHub, ProgressEvent, TransferInfo } from '../events.ts'

/** A snapshot, cheap to read at any time. */
export interface Progress {
  readonly transferred: number
  /** `undefined` while the length of a stream is not known. */
  readonly total: number | undefined
}

/** Milliseconds between two progress events. */
const INTERVAL_MS = 100

export class ProgressBook {
  readonly #transfer: TransferInfo
  readonly #events: EventHub
  readonly #onProgress: ((event: ProgressEvent) => void) | undefined
  readonly #slotBytes: (slot: number) => number
  /** Slots with a job at work: the one that is mostly all, and others. */
  #slot: number | undefined
  #others: Set<number> | undefined
  #settled = 0
  #total: number | undefined
  #reported = 0
  #timer: NodeJS.Timeout | undefined

  constructor(
    transfer: TransferInfo,
    events: EventHub,
    slotBytes: (slot: number) => number,
    onProgress: ((event: ProgressEvent) => void) | undefined,
  ) {
    this.#transfer = transfer
    this.#events = events
    this.#slotBytes = slotBytes
    this.#onProgress = onProgress
  }

  get snapshot(): Progress {
    let transferred = this.#settled
    if (this.#slot !== undefined) transferred += this.#slotBytes(this.#slot)
    for (const slot of this.#others ?? []) transferred += this.#slotBytes(slot)
    // Two attempts that race for one part may both have moved it.
    return { transferred: Math.min(transferred, this.#total ?? transferred), total: this.#total }
  }

  /** Whether anybody would hear of it. */
  get isHeard(): boolean {
    return this.#onProgress !== undefined || this.#events.hears('progress')
  }

  start(total: number | undefined): void {
    this.#total = total
    if (!this.isHeard) return
    this.#timer = setInterval(() => this.#tick(), INTERVAL_MS).unref()
  }

  /** A job runs in this slot. */
  open(slot: number): void {
    if (this.#slot === undefined) this.#slot = slot
    else (this.#others ??= new Set()).add(slot)
  }

  /** Bytes that an earlier process has moved. */
  keep(bytes: number): void {
    this.#settled += bytes
  }

  /** The job in this slot is over; `kept` of its bytes count from now on. */
  close(slot: number, kept: number): void {
    if (this.#slot === slot) this.#slot = undefined
    else this.#others?.delete(slot)
    this.#settled += kept
  }

  /** Ends the reports; a success with all bytes, a failure where it stood. */
  end(size: number | undefined): void {
    clearInterval(this.#timer)
    if (size === undefined) return
    this.#settled = size
    this.#total = size
    this.#report(size)
  }

  #tick(): void {
    const { transferred, total } = this.snapshot
    // All bytes moved is not yet success.
    if (transferred === this.#reported || transferred === total) return
    this.#report(transferred)
  }

  #report(transferred: number): void {
    if (!this.isHeard) return
    const event: ProgressEvent = {
      transfer: this.#transfer,
      transferred,
      total: this.#total,
      delta: transferred - this.#reported,
    }
    this.#reported = transferred
    const onProgress = this.#onProgress
    if (onProgress !== undefined) this.#events.guard(() => onProgress(event))
    this.#events.emit('progress', event)
  }
}
