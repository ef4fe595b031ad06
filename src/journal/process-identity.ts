/**
 * Who a process is, so that others can tell later whether it still lives.
 *
 * A process id alone is used again. With the time it started, counted from the start of the system,
 * it is one process for good; Linux tells both in /proc. Elsewhere the id must do.
 */

import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** A process, on a machine. All fields are letters and digits. */
export interface ProcessIdentity {
  readonly host: string
  /** Start of the system. `0` where it is not known. */
  readonly boot: string
  /** Process ids mean something in one namespace only: containers have their own. */
  readonly namespace: string
  readonly pid: number
  /** Clock ticks from the start of the system. `0` where it is not known. */
  readonly startedAt: string
}

/** `unknown`: it is, or was, where we cannot see it. */
export type Liveness = 'alive' | 'dead' | 'unknown'

/** Length of what stands for a host or a start. Hexadecimal digits. Source: none; enough to differ. */
const HASH_LENGTH = 8

let own: ProcessIdentity | undefined

/** Of this process. */
export function ownIdentity(): ProcessIdentity {
  own ??= {
    host: shortHash(`${readText('/etc/machine-id') ?? ''} ${hostname()}`),
    boot: bootId(),
    namespace: pidNamespace(),
    pid: process.pid,
    startedAt: startOf(process.pid) ?? '0',
  }
  return own
}

/** The start of this system; `0` where it is not known. */
export function bootId(): string {
  const id = readText('/proc/sys/kernel/random/boot_id')
  return id === undefined ? '0' : shortHash(id)
}

/** Whether a process still lives, as far as this one can see. */
export function livenessOf(other: ProcessIdentity): Liveness {
  const self = ownIdentity()
  if (other.host !== self.host) return 'unknown'
  // The same machine has been started again since.
  if (other.boot !== self.boot) return 'dead'
  if (other.namespace !== self.namespace) return 'unknown'
  if (!exists(other.pid)) return 'dead'
  const startedAt = startOf(other.pid) ?? '0'
  return other.startedAt === '0' || other.startedAt === startedAt ? 'alive' : 'dead'
}

/** The start of a process; `undefined` where it is not known, or it has ended and awaits burial. */
function startOf(pid: number): string | undefined {
  const text = readText(`/proc/${pid}/stat`)
  // The name, in brackets, may hold anything; field 3 is behind it, field 22 the start.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  const state = fields?.[0]
  return state === 'Z' || state === 'X' ? undefined : fields?.[19]
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // One of another user is there all the same.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replaceAll(/\D/g, '')
  } catch {
    return '0'
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH)
}
