/**
 * What a program that is compared must tell and do. An adapter's module is loaded by the runner,
 * which reads its facts, and by the measured process, which calls `transfer`: so it must import
 * its libraries inside `transfer`, where their start-up is part of what is measured.
 */

export type Direction = 'upload' | 'download'

/** One transfer: a file and an object. Sizes are bytes. */
export interface TransferJob {
  readonly direction: Direction
  readonly endpoint: string
  readonly region: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly bucket: string
  readonly key: string
  /** The file to read or to write. */
  readonly path: string
  /** Metadata of an object that goes up. */
  readonly metadata: Readonly<Record<string, string>>
  readonly partSize: number
  /** Parts on their way at a time. */
  readonly partsInFlight: number
}

export interface Peer {
  readonly name: string
  /** Packages whose versions are printed with the results. */
  readonly packages: readonly string[]
  /** How its settings were made equal, as a phrase for the report. */
  readonly settings: string
  /** Does one transfer and lets go of everything, so that the process can end. */
  transfer(job: TransferJob): Promise<void>
}

/**
 * Settings every peer gets that has them.
 * Source: our own defaults (8 MiB parts, and a memory limit that admits 16 of them).
 */
export const EQUAL_SETTINGS = {
  partSize: 8 * 1024 * 1024,
  partsInFlight: 16,
} as const satisfies Partial<TransferJob>
