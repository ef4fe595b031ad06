/**
 * What `doctor` says: a table of findings, then where the store differs from its profile, then settings;
 * or one JSON event per line.
 */

import type { Advice, Diagnosis, Difference, Finding } from '../index.ts'
import { escapeText, jsonLine, type TextStream } from './output.ts'
import { failureOf, failureText } from './report-error.ts'
import { renderTable, type Column } from './table.ts'

const COLUMNS: readonly Column[] = [
  { title: '', align: 'left' },
  { title: 'probe', align: 'left' },
  { title: 'result', align: 'left' },
  { title: 'what it means', align: 'left' },
]

const MARKS: Readonly<Record<Finding['verdict'], string>> = {
  good: 'ok',
  note: 'note',
  bad: 'BAD',
  skipped: '-',
}

export class DoctorReport {
  readonly #style: { readonly json: boolean; readonly debug: boolean }
  readonly #streams: { readonly stdout: TextStream; readonly stderr: TextStream }

  constructor(
    style: { readonly json: boolean; readonly debug: boolean },
    streams: { readonly stdout: TextStream; readonly stderr: TextStream } = process,
  ) {
    this.#style = style
    this.#streams = streams
  }

  finding(finding: Finding): void {
    if (this.#style.json) this.#emit('finding', { ...finding })
  }

  done(diagnosis: Diagnosis): void {
    const { findings, provider, differences, advice, usable } = diagnosis
    if (this.#style.json) {
      for (const each of differences) this.#emit('difference', { ...each })
      for (const each of advice) this.#emit('advice', { ...each })
      this.#emit('result', {
        usable,
        provider: provider?.name,
        sources: provider?.sources,
        missingRights: rightsOf(findings),
      })
      return
    }
    const rows = findings.map(({ verdict, probe, result, meaning }) =>
      [MARKS[verdict], probe, result, meaning].map(escapeText),
    )
    const lines = [
      ...(provider === undefined ? [] : profileLines(provider, differences)),
      ...differences.map(differenceLine),
      ...(advice.length === 0 ? [] : ['', 'Settings that fit:']),
      ...advice.map(adviceLine),
      '',
      verdictOf(findings, usable),
    ]
    const text = lines.map((line) => `${escapeText(line)}\n`).join('')
    this.#streams.stdout.write(`${renderTable(COLUMNS, rows)}\n${text}`)
  }

  /** Ended early by whoever runs it. */
  interrupted(): void {
    const message = 'interrupted; what was written is removed again'
    if (this.#style.json) this.#emit('interrupted', {})
    else this.#streams.stderr.write(`transfer-engine: ${message}\n`)
  }

  failed(error: unknown): void {
    if (this.#style.json) this.#emit('error', { ...failureOf(error) })
    this.#streams.stderr.write(failureText(error, this.#style))
  }

  #emit(event: string, fields: Readonly<Record<string, unknown>>): void {
    this.#streams.stdout.write(jsonLine({ event, time: new Date().toISOString(), ...fields }))
  }
}

function profileLines(
  { name, title, sources }: NonNullable<Diagnosis['provider']>,
  differences: readonly Difference[],
): string[] {
  const agrees = differences.length === 0 ? 'as known' : 'not in all as known:'
  return [
    `What is known of ${title} rests on: ${sources.join('; ')}`,
    `Profile ${name} (--provider chooses another): ${agrees}`,
  ]
}

function differenceLine({ probe, expected, found }: Difference): string {
  return `  ${probe}: ${found}, where ${expected} was expected`
}

function adviceLine({ setting, value, reason }: Advice): string {
  return `  ${setting}${value === undefined ? '' : ` ${value}`}  ${reason}`
}

function verdictOf(findings: readonly Finding[], usable: boolean): string {
  if (usable) return 'Usable: everything the engine needs is there.'
  const bad = findings.filter(({ verdict }) => verdict === 'bad').map(({ probe }) => probe)
  const rights = rightsOf(findings.filter(({ verdict }) => verdict === 'bad'))
  const missing = rights.length === 0 ? '' : ` Missing rights: ${rights.join(', ')}.`
  return `Not usable as it is: ${bad.join(', ')}.${missing}`
}

function rightsOf(findings: readonly Finding[]): readonly string[] {
  return [...new Set(findings.flatMap(({ right }) => right ?? []))]
}
