/** A certificate for the loopback, made for one run and good for two days. */

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Identity } from './listener.ts'

export interface Certificate extends Identity {
  /** The certificate as a file, for clients to trust. */
  readonly caFile: string
  /** Removes the file. */
  remove(): void
}

/** The smallest key TLS clients agree on: the handshake is no part of what is measured. */
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
const NAMES = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']

const run = promisify(execFile)

/** Undefined where there is no `openssl`, or one that is too old to name addresses. */
export async function makeCertificate(): Promise<Certificate | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-certificate-'))
  const caFile = join(directory, 'ca.pem')
  const keyFile = join(directory, 'key.pem')
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  try {
    const files = ['-keyout', keyFile, '-out', caFile]
    await run('openssl', ['req', '-x509', ...KEY, ...files, '-days', '2', ...NAMES])
    const key = readFileSync(keyFile, 'utf8')
    return { key, cert: readFileSync(caFile, 'utf8'), caFile, remove }
  } catch {
    remove()
    return undefined
  }
}
