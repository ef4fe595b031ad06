import { describe, expect, test } from 'vitest'
import { runScript } from '../helpers/child-script.ts'
import { loadedScripts, packagesOf, type LoadedScripts } from '../helpers/loaded-scripts.ts'
import { BUCKET, engineOptions, sharedBed, storedBytes } from '../helpers/test-bed.ts'
import { run, storeEnvironment } from './cli-command.ts'

const SDK = /^@(?:aws-sdk|smithy)\//

/** What the command loads for arguments that must succeed. */
function loadedBy(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<LoadedScripts> {
  return loadedScripts(async (probe) => {
    const outcome = await run(argv, { env: { ...env, ...probe } })
    expect(outcome).toMatchObject({ code: 0, err: expect.not.stringContaining('ERR_') })
  })
}

function usesSdk(urls: readonly string[]): boolean {
  return [...packagesOf(urls)].some((name) => SDK.test(name))
}

describe('the command', () => {
  const bed = sharedBed()

  test.each(['--version', '-V'])('loads one file for %s', async (flag) => {
    const { main, threads } = await loadedBy([flag])
    expect(main.map((url) => url.replace(/.*\//, ''))).toEqual(['main.cjs'])
    expect(threads).toEqual([])
  })

  test('loads nothing that moves bytes for --help', async () => {
    const { main, threads } = await loadedBy(['--help'])
    expect(packagesOf(main)).toEqual(new Set(['commander']))
    const ours =
      /\/commander\/|\/cli\/|\/chunks\/(?:errors|exit-codes|output|package-version|usage-error)\.js$/
    expect(main.filter((url) => !ours.test(url))).toEqual([])
    expect(threads).toEqual([])
  })

  test('uploads a small file to a plain store without the SDK', async () => {
    const { store, file } = bed()
    const path = await file('small.txt', Buffer.from('small'))
    const uri = `s3://${BUCKET}/by-command.txt`
    const { main, threads } = await loadedBy(['cp', '--quiet', path, uri], storeEnvironment(store))
    expect(storedBytes(store, 'by-command.txt').toString()).toBe('small')
    expect(usesSdk(main)).toBe(false)
    expect(main.filter((url) => /\/prom-client\/|\/src\/metrics\//.test(url))).toEqual([])
    expect([...packagesOf(threads)]).toEqual(expect.arrayContaining(['piscina', 'undici']))
    expect(usesSdk(threads)).toBe(false)
  })

  test('downloads an object from a plain store without the SDK', async () => {
    const { store, file, path } = bed()
    const source = await file('other.txt', Buffer.from('other'))
    const uri = `s3://${BUCKET}/other.txt`
    const env = storeEnvironment(store)
    expect(await run(['cp', '--quiet', source, uri], { env })).toMatchObject({ code: 0 })
    const { main, threads } = await loadedBy(['cp', '--quiet', uri, path('copy.txt')], env)
    expect(usesSdk(main)).toBe(false)
    expect([...packagesOf(threads)]).toEqual(expect.arrayContaining(['piscina', 'undici']))
    expect(usesSdk(threads)).toBe(false)
  })
})

describe('the engine', () => {
  const bed = sharedBed()

  test('starts its threads, and connects them to a plain store, without the SDK', async () => {
    const { store } = bed()
    const { main, threads } = await loadedScripts(async (probe) => {
      const script = `const engine = new TransferEngine(options)
        await engine.ready()
        console.log(engine.stats().pool.open > 0)
        await engine.close()`
      const result = await runScript(script, {
        engine: engineOptions(store, { prewarmConnections: 1 }),
        env: probe,
      })
      expect(result).toMatchObject({ code: 0, stdout: 'true\n' })
    })
    expect(usesSdk(main)).toBe(false)
    expect([...packagesOf(threads)]).toEqual(expect.arrayContaining(['piscina', 'undici']))
    expect(usesSdk(threads)).toBe(false)
  })

  test('loads few files, the modules of a start being joined', async () => {
    const { store } = bed()
    const { main, threads } = await loadedScripts(async (probe) => {
      const script =
        'const engine = new TransferEngine(options)\nawait engine.ready(), await engine.close()'
      const result = await runScript(script, {
        engine: engineOptions(store, { workers: 1 }),
        env: probe,
      })
      expect(result).toMatchObject({ code: 0, stderr: '' })
    })
    const isOurs = (url: string): boolean => /\/dist\/(?:src|workers)\/(?!.*node_modules)/.test(url)
    expect(main.filter(isOurs).length).toBeLessThan(20)
    expect(threads.filter(isOurs).length).toBeLessThan(4)
  })

  test('asked for metrics, loads of prom-client what writes them and no more', async () => {
    const { main, threads } = await loadedScripts(async (probe) => {
      const script = `await new TransferEngine({}).metrics()`
      const result = await runScript(script, { engine: {}, env: probe })
      expect(result).toMatchObject({ code: 0, stderr: '' })
    })
    expect([...packagesOf(main)]).toEqual(['prom-client'])
    const files = main.filter((url) => url.includes('/prom-client/'))
    expect(files.map((url) => url.replace(/.*\/prom-client\//, '')).toSorted()).toEqual([
      'lib/registry.js',
      'lib/util.js',
    ])
    expect(threads).toEqual([])
  })

  test('imported and never used, loads no driver, no thread and no package', async () => {
    const { main, threads } = await loadedScripts(async (probe) => {
      const result = await runScript('new TransferEngine({})', { engine: {}, env: probe })
      expect(result).toMatchObject({ code: 0, stderr: '' })
    })
    expect([...packagesOf(main)]).toEqual([])
    expect(main.filter((url) => /\/(?:upload|download|read|s3-clients)\.js$/.test(url))).toEqual([])
    expect(threads).toEqual([])
  })
})
