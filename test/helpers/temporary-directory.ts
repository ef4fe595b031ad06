/** A directory of its own for each test of a file, removed after it. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'

/** Call at the top level of a test file; returns the path for the test under way. */
export function useTemporaryDirectory(): () => string {
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'transfer-engine-test-'))
  })
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true })
  })
  return () => directory
}
