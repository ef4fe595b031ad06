/** The command line of the benchmark, and choosing by names. */

import { describe, expect, it } from 'vitest'
import { readArguments, type BenchOptions } from '../../../../bench/harness/arguments.ts'
import { chooseByName } from '../../../../bench/harness/choose.ts'

const WORKLOADS = ['upload-4g', 'upload-4g-tls', 'download-4g', 'start-up'].map((name) => ({
  name,
}))
const PEERS = ['ours', 's5cmd', 'rclone'].map((name) => ({ name }))

function read(...argv: string[]): BenchOptions {
  return readArguments(argv, WORKLOADS, PEERS)
}

describe('without flags', () => {
  it('everything runs three times, with settings made equal', () => {
    expect(read()).toEqual({
      action: 'run',
      size: undefined,
      runs: 3,
      countScale: 1,
      workloads: WORKLOADS.map(({ name }) => name),
      peers: undefined,
      variants: ['equal'],
      json: undefined,
      writeReport: false,
      endpoint: undefined,
      against: undefined,
    })
  })
})

describe('names', () => {
  it('that are whole mean that one alone', () => {
    expect(read('--filter', 'upload-4g').workloads).toEqual(['upload-4g'])
  })

  it('may be cut off, and stand in a list', () => {
    expect(read('--filter', 'upload,start').workloads).toEqual([
      'upload-4g',
      'upload-4g-tls',
      'start-up',
    ])
  })

  it('keep the order of the report and come once', () => {
    const all = [{ name: 'a' }, { name: 'b' }]
    expect(chooseByName('b, a, b', all)).toEqual(all)
  })

  it('that mean nothing are refused', () => {
    expect(() => read('--filter', 'nothing')).toThrow(/Nothing is named nothing/)
    expect(() => read('--peers', 'ours,wget')).toThrow(/no peer named wget/)
  })

  it('choose peers', () => {
    expect(read('--peers', 'rclone,ours').peers).toEqual(['rclone', 'ours'])
  })
})

describe('values', () => {
  it('are read', () => {
    expect(read('--size', '64MiB', '--runs', '0', '--count-scale', '0.1')).toMatchObject({
      size: 64 * 1024 * 1024,
      runs: 0,
      countScale: 0.1,
    })
    expect(read('--variants', 'default,equal').variants).toEqual(['equal', 'default'])
    expect(read('--list').action).toBe('list')
    expect(read('--help').action).toBe('help')
  })

  it.each([
    ['--size', '1MiB'],
    ['--size', 'much'],
    ['--runs', '-1'],
    ['--runs', ''],
    ['--runs', '1.5'],
    ['--count-scale', '0'],
    ['--count-scale', '2'],
    ['--variants', 'other'],
    ['--variants', ''],
    ['--variants', 'equal,other'],
  ])('out of their bounds are refused: %s %s', (flag, value) => {
    expect(() => read(`${flag}=${value}`)).toThrow(new RegExp(`${flag} takes`))
  })
})

describe('another store', () => {
  it('is an URL and a bucket', () => {
    const { endpoint } = read('--endpoint-url', 'https://store.test/', '--bucket', 'b')
    expect(endpoint).toEqual({
      url: 'https://store.test',
      bucket: 'b',
      region: 'us-east-1',
      caFile: undefined,
    })
  })

  it('is refused when half of it is said', () => {
    expect(() => read('--endpoint-url', 'https://store.test')).toThrow(/needs --bucket/)
    expect(() => read('--bucket', 'b')).toThrow(/go with --endpoint-url/)
    expect(() => read('--endpoint-url', 'store.test', '--bucket', 'b')).toThrow(/http or https/)
  })

  it('and another checkout never get into the report', () => {
    const elsewhere = ['--endpoint-url', 'https://store.test', '--bucket', 'b']
    expect(() => read('--write-report', ...elsewhere)).toThrow(/this checkout/)
    expect(() => read('--write-report', '--against', 'main')).toThrow(/this checkout/)
  })
})
