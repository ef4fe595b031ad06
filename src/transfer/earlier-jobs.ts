/**
 * Which transfers have a journal, by the names in the state directory: looked up once, when the first
 * transfer asks, so that thousands of small ones pay nothing where there is none. One that another
 * process leaves later is found by transfers that open their journal anyway.
 */

import { readdirSync } from 'node:fs'
import { jobOfFile } from '../journal/job.ts'
import { journalsDirectory } from '../journal/state-directory.ts'

export class EarlierJobs {
  readonly #directory: string
  #names: Set<string> | undefined

  /** @param stateDirectory `undefined` when nobody wants to go on with anything */
  constructor(stateDirectory: string | undefined) {
    this.#directory = stateDirectory === undefined ? '' : journalsDirectory(stateDirectory)
  }

  get isEmpty(): boolean {
    return this.#all().size === 0
  }

  names(): readonly string[] {
    return [...this.#all()]
  }

  has(name: string): boolean {
    return this.#all().has(name)
  }

  /** One was kept. */
  add(name: string): void {
    this.#all().add(name)
  }

  /** One has ended. */
  delete(name: string): void {
    this.#all().delete(name)
  }

  #all(): Set<string> {
    this.#names ??= new Set(namesIn(this.#directory))
    return this.#names
  }
}

/** What cannot be read is told by the first transfer that opens a journal there. */
function namesIn(directory: string): string[] {
  if (directory === '') return []
  try {
    return readdirSync(directory)
      .map(jobOfFile)
      .filter((name) => name !== undefined)
  } catch {
    return []
  }
}
