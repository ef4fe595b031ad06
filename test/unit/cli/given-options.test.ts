import { Command } from 'commander'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { setUpSync } from '../../../src/cli/commands/sync.ts'
import { givenOptions } from '../../../src/cli/given-options.ts'
import type { FlagValues } from '../../../src/cli/flags.ts'

// A flag may be given by the environment.
beforeEach(() => {
  vi.stubEnv('AWS_CA_BUNDLE', undefined)
  return () => vi.unstubAllEnvs()
})

/** What a report tells of this command line. */
function told(...argv: readonly string[]): Record<string, string> {
  const command = new Command('sync')
  setUpSync(command, () => undefined)
  command.action(() => undefined)
  command.parse(['a', 's3://b/c', ...argv], { from: 'user' })
  return Object.fromEntries(givenOptions(command.opts<FlagValues>()))
}

describe('the options a report tells', () => {
  it('are those that were given, as they are written', () => {
    expect(told()).toEqual({})
    expect(
      told(
        '--part-size',
        '16MiB',
        '--max-size',
        '1000001',
        '--connect-timeout',
        '3s',
        '--workers',
        '2',
        '--exclude',
        '*.tmp',
        '--include',
        'a.tmp',
        '--delete',
        '--no-sign-request',
        '--newer-than',
        '2026-01-02T00:00:00Z',
        '--storage-class',
        'GLACIER',
        '--carry',
        'storage-class',
      ),
    ).toEqual({
      '--part-size': '16 MiB',
      '--max-size': '1000001 B',
      '--connect-timeout': '3.0s',
      '--workers': '2',
      '--delete': '',
      '--no-sign-request': '',
      '--newer-than': '2026-01-02T00:00:00.000Z',
      '--storage-class': 'GLACIER',
      '--carry': 'storageClass',
      'rules of names': '- *.tmp, + a.tmp',
    })
  })

  it('have no secrets in them', () => {
    const key = Buffer.alloc(32, 7).toString('base64')
    const options = told(
      '--sse-c-key',
      key,
      '--metadata',
      'owner=hunter2',
      '--tags',
      'team=hunter2',
      '--proxy',
      'http://user:hunter2@p/w@proxy.example:3128',
      '--endpoint-url',
      'https://hunter2@store.example',
      '--dest-endpoint-url',
      'u:hunter2@store',
    )
    expect(options).toMatchObject({
      '--sse-c-key': 'given, not shown',
      '--metadata': 'owner (values not shown)',
      '--proxy': 'http://proxy.example:3128',
      '--endpoint-url': 'https://store.example',
      '--dest-endpoint-url': 'store',
    })
    expect(JSON.stringify(options)).not.toMatch(/hunter2|BwcH/)
  })
})
