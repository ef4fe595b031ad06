/**
 * Looking for programs and packages: by asking them for their version, never by installing. A
 * program is taken from the variable `BENCH_<NAME>`, which holds its path, or else from `PATH`.
 * Answers are waited for, and kept: a refusal may depend on them.
 */

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Milliseconds for an answer; a Python program with a cold disk is slow. */
const ANSWER_TIMEOUT_MS = 30_000

export interface Program {
  readonly file: string
  readonly version: string
}

export interface Question {
  /** Variable that may hold its path. */
  readonly env: string
  /** What to try without it, in this order. */
  readonly names: readonly string[]
  /** Makes it say its version. */
  readonly args: readonly string[]
  /** Its first group is the version; an answer that does not match is another program. */
  readonly answer: RegExp
}

/** The first program that answers as it should; undefined if none does. */
export function findProgram(question: Question): Program | undefined {
  const given = process.env[question.env]
  for (const file of given === undefined ? question.names : [given]) {
    const version = question.answer.exec(answerOf(file, question.args) ?? '')?.[1]
    if (version !== undefined) return { file, version }
  }
  return undefined
}

/** Looks at the first call only. */
export function remember<T>(look: () => T): () => T {
  let seen: { readonly value: T } | undefined
  return () => (seen ??= { value: look() }).value
}

/** @throws Error if it was not found: nobody should have come so far */
export function pathOf(program: Program | undefined, name: string): string {
  if (program === undefined) throw new Error(`${name} was not found on this machine`)
  return program.file
}

/** What is printed, on either output; undefined if it cannot be started or fails. */
export function answerOf(file: string, args: readonly string[]): string | undefined {
  const { status, stdout, stderr } = spawnSync(file, args, {
    encoding: 'utf8',
    timeout: ANSWER_TIMEOUT_MS,
  })
  return status === 0 ? stdout + stderr : undefined
}

/**
 * Version of an npm package, of those of `bench/` or of the project; undefined if not installed.
 * Relative to the root of the project, in which the benchmark runs.
 */
export function packageVersion(name: string): string | undefined {
  return (
    manifestVersion(`bench/node_modules/${name}/package.json`) ??
    manifestVersion(`node_modules/${name}/package.json`)
  )
}

export function manifestVersion(path: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }).version
  } catch {
    return undefined
  }
}
