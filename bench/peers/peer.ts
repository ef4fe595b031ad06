/**
 * What a program that is compared must tell. A peer is a command: it is spawned for one job, does
 * it, and ends; its start-up is part of what is measured. The harness looks for it, never installs
 * it, and skips it with a word where it is absent.
 */

export type Operation = 'upload' | 'download' | 'read'

/** `equal`: part size and concurrency as `EQUAL_SETTINGS`; `default`: as the peer comes. */
/**
 * What is done to a tree that is in place already: brought in step, or listed; or what is copied from one
 * store to another.
 */
export type TaskName = 'sync' | 'list' | 'relay'

export type Variant = 'equal' | 'default'

/** Where the store of the benchmark listens, and as whom to come. */
export interface ServerAddress {
  readonly endpoint: string
  /** Undefined where no certificate could be made. */
  readonly secureEndpoint: string | undefined
  /** PEM file with the certificate clients must trust. */
  readonly caFile: string | undefined
  readonly region: string
  readonly bucket: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

/** Settings made equal where a peer has them. Bytes; parts, or objects, on their way at a time. */
export interface EqualSettings {
  readonly partSize: number
  readonly concurrency: number
}

/** Source: our own defaults (8 MiB parts, and a memory limit that admits 16 of them). */
export const EQUAL_SETTINGS: EqualSettings = { partSize: 8 * 1024 * 1024, concurrency: 16 }

/** What is to be moved; the same for every peer of a workload. Sizes are bytes. */
export interface Job {
  readonly operation: Operation
  readonly endpoint: string
  /** Only for an https endpoint with a certificate of the benchmark's own. */
  readonly caFile: string | undefined
  readonly region: string
  readonly bucket: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** Objects to move. With 1, `key` and `path` name an object and a file; else they are below. */
  readonly count: number
  /** Size of each object. */
  readonly size: number
  /** Key of the object, or, for many, the prefix of all, which ends with a slash. */
  readonly key: string
  /** The file, or, for many, the directory. Unused by `read`. */
  readonly path: string
  /** Of a relay: the store that objects go to, under the same keys. */
  readonly destination?: ServerAddress | undefined
  /** Undefined: the peer's defaults. */
  readonly settings: EqualSettings | undefined
}

/** How to start a peer for one job. The environment is added to a bare one. */
export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>> | undefined
}

/** How a peer does a task with a tree. */
export interface PeerTask extends Pick<Peer, 'settings'> {
  command(job: Job, scratch: string): Promise<Command>
}

/** `floor` is a program in C that does the least anybody could. */
export type PeerKind = 'ours' | 'library' | 'command' | 'floor'

export interface Peer {
  /** Short, for flags and files: `aws-cli-2-crt`. */
  readonly name: string
  /** For people: `AWS CLI v2 (CRT)`. */
  readonly title: string
  readonly kind: PeerKind
  /** How its settings were made equal and what it sends and verifies, as a phrase. */
  readonly settings: string
  /** Version of what is found on this machine, by asking it; undefined where it is absent. */
  find(): Promise<string | undefined>
  /** A word on why it cannot do such a job; undefined if it can. */
  refuses(job: Pick<Job, 'operation' | 'endpoint' | 'count' | 'size'>): string | undefined
  /** May write small files (settings of its own) below `scratch`, which is removed afterwards. */
  command(job: Job, scratch: string): Promise<Command>
  /** What else it can do with a tree. */
  readonly tasks?: Readonly<Partial<Record<TaskName, PeerTask>>> | undefined
}
