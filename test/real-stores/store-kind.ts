/** What is known of a kind of real store: how it is found, told apart, started and spoken to. */

import { randomBytes } from 'node:crypto'

export interface StoreKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** Where a store runs, and who may use it. */
export interface Place {
  /** Path of the program. */
  readonly program: string
  /** An empty directory of its own. */
  readonly dir: string
  /** Free loopback ports; the first is that of S3. */
  readonly ports: readonly number[]
  readonly keys: StoreKeys
  readonly region: string
}

/** A command line. What is secret goes into the environment or a file, where a store can read it there. */
export interface Launch {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface StoreKind {
  /** As in `npm run test:real -- NAME`. */
  readonly name: string
  readonly title: string
  /** Name of its program in REAL_STORES_DIR or PATH. */
  readonly program: string
  /** How it is brought onto a machine, by a package registry. */
  readonly install: string
  /** How many ports it listens at. */
  readonly ports: number
  readonly region: string
  /** @throws Error where the program does not say */
  version(program: string): Promise<string>
  makeKeys(): StoreKeys
  launch(place: Place): Promise<Launch>
  /** What it takes after it listens, before it serves S3. */
  setUp?(place: Place): Promise<void>
}

/** Keys in the form of AWS, which most stores take. */
export function randomKeys(): StoreKeys {
  return {
    accessKeyId: `AK${randomBytes(9).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(20).toString('hex'),
  }
}
