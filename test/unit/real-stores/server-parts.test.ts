import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { outcomesOf } from '../../real-stores/conformance-run.ts'
import { isLoopback, readTable } from '../../real-stores/loopback.ts'
import { findProgram, goModuleVersion } from '../../real-stores/programs.ts'

const dir = useTemporaryDirectory()

function program(folder: string, text = ''): string {
  const path = join(dir(), folder, 'store')
  mkdirSync(join(dir(), folder), { recursive: true })
  writeFileSync(path, text)
  chmodSync(path, 0o755)
  return path
}

describe('a program', () => {
  it('is found in REAL_STORES_DIR before PATH', async () => {
    const [first, second] = [program('own'), program('system')]
    const PATH = `${dir()}:${join(dir(), 'system')}`
    const REAL_STORES_DIR = `${join(dir(), 'missing')}:${join(dir(), 'own')}`
    expect(await findProgram('store', { REAL_STORES_DIR, PATH })).toBe(first)
    expect(await findProgram('store', { PATH })).toBe(second)
    expect(await findProgram('store', {})).toBeUndefined()
    expect(await findProgram('other', { PATH })).toBeUndefined()
  })

  it('is no directory, and no file that cannot be run', async () => {
    mkdirSync(join(dir(), 'a/store'), { recursive: true })
    mkdirSync(join(dir(), 'b'))
    writeFileSync(join(dir(), 'b/store'), '')
    chmodSync(join(dir(), 'b/store'), 0o644)
    const PATH = `${join(dir(), 'a')}:${join(dir(), 'b')}`
    expect(await findProgram('store', { PATH })).toBeUndefined()
  })

  it('built by Go says the version of its module', async () => {
    const filler = 'x'.repeat(4 * 1024 * 1024 - 5)
    const path = program('go', `${filler}\nmod\texample/store\tv1.2.3\th1:sum=\n`)
    expect(await goModuleVersion(path, 'example/store')).toBe('v1.2.3')
    await expect(goModuleVersion(path, 'example/other')).rejects.toThrow(/does not say/)
  })
})

describe('addresses', () => {
  it('are of this machine only, or not', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1',
      '   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4243 1',
      '   2: 0100007F:1F91 0100007F:0016 01 00000000:00000000 00:00000000 00000000     0        0 4244 1',
    ].join('\n')
    expect(readTable(table)).toEqual([
      { address: '0100007F', port: 8080, inode: '4242' },
      { address: '00000000', port: 22, inode: '4243' },
    ])
    const all = ['0100007F', '00000000000000000000000001000000', '0000000000000000FFFF00000100007F']
    expect(all.map(isLoopback)).toEqual([true, true, true])
    expect(['00000000', '0'.repeat(32), '0101A8C0'].map(isLoopback)).toEqual([false, false, false])
  })
})

describe('a report of the conformance suite', () => {
  it('is read case by case, and what did not run has failed', () => {
    const failureMessages = [
      'AssertionError: accepted\n at f (/x/conformance/case.ts:1:1)\n at /x/conformance/keys.ts:9:2',
    ]
    const assertionResults = [
      { title: 'a', status: 'passed', failureMessages: [] },
      { title: 'b', status: 'failed', failureMessages },
      { title: 'c', status: 'skipped', failureMessages: [] },
    ]
    expect(outcomesOf({ testResults: [{ message: 'no clean-up', assertionResults }] })).toEqual([
      { id: 'a', error: undefined },
      { id: 'b', error: 'AssertionError: accepted at keys.ts:9' },
      { id: 'c', error: 'it did not run' },
      { id: 'suite', error: 'no clean-up' },
    ])
  })
})
