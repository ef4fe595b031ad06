/** Which addresses a process listens at, so that a test server is never open to a network. */

import { readdir, readFile, readlink } from 'node:fs/promises'

/** State of a socket that listens. Source: TCP_LISTEN of the kernel. */
const LISTEN = '0A'

/** Loopback in the tables: 127.0.0.0/8, ::1, and the former within IPv6. Little-endian words. */
const LOOPBACK = /^([0-9A-F]{6}7F|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F)$/

/** @throws Error when the process listens at an address that is not of this machine only */
export async function assertLoopbackOnly(pid: number): Promise<void> {
  const sockets = await socketsOf(pid)
  const open = (await listeners()).filter(({ inode }) => sockets.has(inode))
  const wrong = open.filter(({ address }) => !isLoopback(address))
  if (wrong.length === 0) return
  const ports = wrong.map(({ port }) => port).join(', ')
  throw new Error(`the store listens at other addresses than loopback, at port ${ports}`)
}

/** Inodes of the sockets of a process; none where the system has no such table. */
async function socketsOf(pid: number): Promise<ReadonlySet<string>> {
  const dir = `/proc/${pid}/fd`
  const names = await readdir(dir).catch(() => [])
  const links = await Promise.all(names.map((name) => readlink(`${dir}/${name}`).catch(() => '')))
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []))
}

interface Listener {
  readonly address: string
  readonly port: number
  readonly inode: string
}

async function listeners(): Promise<readonly Listener[]> {
  const paths = ['/proc/net/tcp', '/proc/net/tcp6']
  const tables = await Promise.all(paths.map((path) => readFile(path, 'utf8').catch(() => '')))
  return tables.flatMap(readTable)
}

/** Listening sockets of a table as the kernel writes it. */
export function readTable(table: string): readonly Listener[] {
  const lines = table.split('\n').slice(1)
  return lines.flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
    const [address = '', port = ''] = local.split(':')
    return state === LISTEN ? [{ address, port: Number.parseInt(port, 16), inode }] : []
  })
}

/** Whether an address of such a table is of this machine only. */
export function isLoopback(address: string): boolean {
  return LOOPBACK.test(address)
}
