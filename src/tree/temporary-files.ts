/**
 * The temporary files of a tree that comes down. They bear its token, and where they may lie is noted
 * before the first is made. No tree fails because that cannot be noted: it is told once.
 */

import { HeldTreeNote, treeToken } from '../journal/tree-notes.ts'
import type { ResumeSettings } from '../transfer/resume-settings.ts'

export class TemporaryFiles {
  readonly token = treeToken()
  readonly #root: string
  readonly #resume: Pick<ResumeSettings, 'stateDirectory' | 'warn'>
  #note: Promise<HeldTreeNote | undefined> | undefined
  #isClean = true

  /** @param root of the tree; absolute path */
  constructor(root: string, resume: Pick<ResumeSettings, 'stateDirectory' | 'warn'>) {
    this.#root = root
    this.#resume = resume
  }

  /** Resolves when a file may be made; rejects never. */
  noted(): Promise<unknown> {
    this.#note ??= this.#write()
    return this.#note
  }

  /** One could not be removed. */
  left(): void {
    this.#isClean = false
  }

  /** Nothing is under way any more. */
  async end(): Promise<void> {
    const note = await this.#note
    await note?.end(this.#isClean)
  }

  async #write(): Promise<HeldTreeNote | undefined> {
    const { stateDirectory } = this.#resume
    if (stateDirectory === undefined) return undefined
    try {
      return await HeldTreeNote.write(stateDirectory, { token: this.token, root: this.#root })
    } catch (error) {
      this.#resume.warn(error)
      return undefined
    }
  }
}
