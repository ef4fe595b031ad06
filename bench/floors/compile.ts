/**
 * The floor's program: compiled once per machine, user and source, into the directory for temporary
 * files, by the C compiler that is there. Without OpenSSL's headers it is one without TLS.
 */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answerOf } from '../peers/find.ts'

const SOURCES = ['bench/floors/floor.c', 'bench/floors/connection.c'] as const
const HEADER = 'bench/floors/connection.h'
const FLAGS = ['-O2', '-Wall', '-Wextra', '-pthread'] as const
/** The first that compiles is taken. */
const VARIANTS: readonly {
  readonly define: readonly string[]
  readonly libraries: readonly string[]
}[] = [
  { define: ['-DWITH_TLS'], libraries: ['-lssl', '-lcrypto'] },
  { define: [], libraries: [] },
]

export interface Floor {
  readonly file: string
  /** Compiler and TLS library. */
  readonly version: string
  readonly secure: boolean
}

/** Undefined where no C compiler is found. @throws Error if it does not compile */
export function compileFloor(): Floor | undefined {
  const compiler = answerOf('cc', ['--version'])
  if (compiler === undefined) return undefined
  const directory = cacheDirectory(compiler)
  const file = join(directory, 'floor')
  if (!existsSync(file)) compileTo(file)
  const tls = answerOf(file, ['--version'])?.trim() ?? ''
  const secure = tls !== 'without TLS'
  return { file, version: `cc ${/\d+\.\d+\.\d+/.exec(compiler)?.[0] ?? ''}, ${tls}`, secure }
}

/** Belongs to the user and to these sources; nobody else may have laid a program there. */
function cacheDirectory(compiler: string): string {
  const hash = createHash('sha256').update(compiler)
  for (const source of [...SOURCES, HEADER]) hash.update(readFileSync(source))
  const user = process.getuid?.() ?? 0
  const name = `transfer-engine-floor-${user}-${hash.digest('hex').slice(0, 16)}`
  const directory = join(tmpdir(), name)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const { uid, mode } = statSync(directory)
  if (uid !== user || (mode & 0o022) !== 0) throw new Error(`${directory} belongs to somebody else`)
  return directory
}

function compileTo(file: string): void {
  const unfinished = `${file}.${process.pid}`
  let reason: unknown
  for (const { define, libraries } of VARIANTS) {
    const flags = [...FLAGS, ...define, '-o', unfinished, ...SOURCES, ...libraries]
    try {
      execFileSync('cc', flags, { stdio: 'pipe' })
      renameSync(unfinished, file)
      return
    } catch (error) {
      reason = error
    }
  }
  throw reason
}
