/** A copy from one real store to another, told as one case. */

import { KEYS } from './cases/keys.ts'
import { readExpected } from './expected.ts'
import { judge } from './judge.ts'
import { migrate, type Abilities, type Migrated } from './migrate.ts'
import { findProgram } from './programs.ts'
import { keepResult } from './results.ts'
import { expectedIn, skip, today, type Site } from './run-store.ts'
import { RealServer } from './server.ts'
import type { StoreKind } from './store-kind.ts'
import type { Ended } from './summary.ts'

/** Skipped, and loudly, where one of both is not on this machine. */
export async function runMigration(
  from: StoreKind,
  to: StoreKind,
  { root, keep }: Site,
): Promise<Ended> {
  const kinds = [from, to]
  const programs = await Promise.all(kinds.map(({ program }) => findProgram(program, process.env)))
  const [fromProgram, toProgram] = programs
  if (fromProgram === undefined) return skip(from)
  if (toProgram === undefined) return skip(to)
  const abilities = await abilitiesOf(root, kinds)
  const name = `${from.name}-${to.name}`
  const servers: RealServer[] = []
  let migrated: Migrated | undefined
  let error: string | undefined
  try {
    servers.push(await RealServer.start(from, fromProgram))
    servers.push(await RealServer.start(to, toProgram))
    const [source, target] = servers
    if (source !== undefined && target !== undefined) {
      migrated = await migrate(source.address, target.address, abilities)
    }
  } catch (reason) {
    error = reason instanceof Error ? reason.message : String(reason)
  } finally {
    for (const server of servers) await server.stop()
  }
  const ends = {
    from: { title: from.title, version: await from.version(fromProgram) },
    to: { title: to.title, version: await to.version(toProgram) },
  }
  console.log(`${name} ${JSON.stringify(migrated ?? error)}`)
  if (keep !== undefined && migrated !== undefined) {
    const compared = ['media types', 'metadata', ...(abilities.tags ? ['tags'] : [])]
    await keepResult(keep, name, {
      kind: 'migration',
      ...ends,
      date: today(),
      ...migrated,
      compared,
    })
  }
  return { name, judged: judge([{ id: 'migrate', error }], []), skipped: undefined }
}

/** What no expectation of either store says it cannot do. */
async function abilitiesOf(root: string, kinds: readonly StoreKind[]): Promise<Abilities> {
  const expected = await Promise.all(kinds.map(({ name }) => readExpected(expectedIn(root), name)))
  const missing = expected.flatMap(({ engine }) => engine.flatMap(({ cases }) => cases))
  return {
    tags: !missing.includes('tags'),
    keys: Object.keys(KEYS).filter((group) => !missing.includes(`keys.${group}`)),
  }
}
