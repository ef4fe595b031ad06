/** On what and with what was measured; no names of hosts or people, no paths. */

import { readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { arch, cpus, release, totalmem, type } from 'node:os'
import type { Machine } from '../result.ts'

/** File systems by their magic numbers. Source: statfs(2). */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x01021994: 'tmpfs',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x794c7630: 'overlayfs',
}

/** What our own cost depends on, besides Node. */
const PACKAGES = ['undici', 'piscina', '@node-rs/crc32']

/** @param directory where the files of the runs lie */
export async function describeMachine(directory: string): Promise<Machine> {
  const processors = cpus()
  const { type: magic } = await statfs(directory)
  return {
    processor: `${processors.length} × ${processors[0]?.model ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 1024 ** 3)} GiB`,
    system: `${type()} ${release()} ${arch()}`,
    'file system': FILE_SYSTEMS[magic] ?? `0x${magic.toString(16)}`,
    Node: process.versions.node,
    OpenSSL: process.versions.openssl,
    ...Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
  }
}

/** Version of an installed package; the benchmark is run from the root of the project. */
function versionOf(name: string): string {
  const manifest: unknown = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'))
  return (manifest as { readonly version: string }).version
}
