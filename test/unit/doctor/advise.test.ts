import { describe, expect, it } from 'vitest'
import { advise } from '../../../src/doctor/advise.ts'
import { compareProfile } from '../../../src/doctor/compare-profile.ts'
import { finding, type Finding, type ProbeName } from '../../../src/doctor/findings.ts'
import type { Host } from '../../../src/doctor/probe-host.ts'
import { resolveOptions, type EngineOptions } from '../../../src/options.ts'
import { PROFILES } from '../../../src/store/profiles.ts'
import { GiB, KiB, MiB } from '../../../src/units.ts'

const HOST: Host = { cores: 8, coreLimit: undefined, memory: 16 * GiB, openFiles: 65_536 }

const figure = (probe: ProbeName, value: number): Finding =>
  finding(probe, String(value), 'good', '', { value })

const result = (probe: ProbeName, word: string): Finding => finding(probe, word, 'note', '')

/** What is advised, `setting value`, without the reasons. */
function advised(
  findings: readonly Finding[],
  more: { readonly host?: Partial<Host>; readonly options?: EngineOptions } = {},
): string[] {
  const advice = advise({
    findings,
    settings: {
      region: 'us-east-1',
      requestChecksumCalculation: more.options?.requestChecksumCalculation ?? 'WHEN_SUPPORTED',
      responseChecksumValidation: 'WHEN_SUPPORTED',
      profile: PROFILES.generic,
    },
    options: resolveOptions({ workers: 8, ...more.options }),
    host: { ...HOST, ...more.host },
  })
  for (const { reason } of advice) expect(reason).toMatch(/^[A-Z].*[.)]$/)
  return advice.map(({ setting, value }) => (value === undefined ? setting : `${setting} ${value}`))
}

const line = (rate: number, latencyMs: number): Finding[] => [
  figure('rate-up', rate),
  figure('rate-down', 2 * rate),
  figure('latency', latencyMs),
]

describe('advise', () => {
  it('has nothing to say where all is well', () => {
    const good = finding('checksum-crc32', 'verified', 'good', '')
    expect(advised([good, ...line(50 * MiB, 20)])).toEqual([])
    expect(advised([])).toEqual([])
  })

  it.each([
    [100 * KiB, 20, ['--part-size 5MiB']],
    [600 * KiB, 20, ['--part-size 5MiB']],
    [900 * KiB, 20, []],
    [100 * MiB, 10, []],
    [100 * MiB, 50, ['--part-size 64MiB']],
    [1024 * MiB, 200, ['--part-size 64MiB']],
  ])('chooses parts for %d bytes per second and %d ms', (rate, latency, expected) => {
    expect(advised(line(rate, latency))).toEqual(expected)
  })

  it.each<[string, Finding[], EngineOptions, string[]]>([
    ['ignored', [result('checksum-crc32', 'ignored')], {}, ['--no-checksums']],
    ['refused', [result('checksum-crc32', 'refused')], {}, ['--no-checksums']],
    [
      'refused, but not all',
      [result('checksum-crc32', 'refused'), result('checksum-sha256', 'verified')],
      {},
      ['--checksum-algorithm SHA256'],
    ],
    [
      'ignored and not sent',
      [result('checksum-crc32', 'ignored')],
      { requestChecksumCalculation: 'WHEN_REQUIRED' },
      [],
    ],
    [
      'verified and not sent',
      [result('checksum-crc32', 'verified')],
      { requestChecksumCalculation: 'WHEN_REQUIRED' },
      ['requestChecksumCalculation WHEN_SUPPORTED'],
    ],
  ])('says what to do of checksums that are %s', (_, findings, options, expected) => {
    expect(advised(findings, { options })).toEqual(expected)
  })

  it.each<[string, Finding[], Partial<Host>, string[]]>([
    [
      'short',
      [finding('keep-alive', 'short', 'note', 'It is.', { value: 1000 })],
      {},
      ['idleTimeoutMs 500'],
    ],
    ['few open files', [], { openFiles: 256 }, ['--max-connections 156']],
    ['next to no open files', [], { openFiles: 64 }, ['--max-connections 1']],
    ['a container with two cores', [], { coreLimit: 2.5 }, ['--workers 2']],
    ['a container with half a core', [], { coreLimit: 0.5 }, ['--workers 1']],
    ['a container with little memory', [], { memory: 256 * MiB }, ['--memory-limit 64MiB']],
    ['path style', [result('addressing', 'path-style-needed')], {}, ['--path-style']],
  ])('fits %s', (_, findings, host, expected) => {
    expect(advised(findings, { host })).toEqual(expected)
  })
})

describe('compareProfile', () => {
  it('compares only what was looked at', () => {
    const untold = ['denied', 'failed', 'skipped'].map((word) => result('tagging', word))
    expect(compareProfile(PROFILES.aws, untold)).toEqual([])
    expect(compareProfile(PROFILES.aws, [result('latency', '3 ms')])).toEqual([])
  })

  it.each([
    ['aws', 'tagging', 'ignored', 'yes'],
    ['aws', 'unequal-parts', 'refused', 'yes'],
    ['r2', 'unequal-parts', 'yes', 'refused'],
    ['ceph', 'checksum-crc32', 'verified', 'ignored or unverified'],
    ['b2', 'checksum-crc32', 'ignored', 'refused'],
    ['gcs', 'delete-objects', 'yes', 'missing or ignored or refused'],
    ['minio', 'multipart-etag', 'opaque', 'md5-of-parts'],
  ] as const)('%s: %s is %s, not %s', (name, probe, found, expected) => {
    const differences = compareProfile(PROFILES[name], [result(probe, found)])
    expect(differences).toEqual([{ probe, expected, found }])
  })

  it('expects nothing where nobody knows', () => {
    const findings = [result('checksum-crc32', 'refused'), result('if-match-write', 'ignored')]
    expect(compareProfile(PROFILES.wasabi, findings)).toEqual([])
  })
})
