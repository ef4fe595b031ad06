import { describe, expect, test } from 'vitest'
import { runScript } from '../helpers/child-script.ts'
import { BUCKET, engineOptions, MiB, sharedBed, storedKeys } from '../helpers/test-bed.ts'

describe('a script', () => {
  const bed = sharedBed()

  test.each([2, 0])('that forgets close() still ends, with %i workers', async (workers) => {
    const { store, file } = bed()
    const result = await runScript(
      `const engine = new TransferEngine(options)
       await engine.upload(argument)
       await engine.upload(Buffer.alloc(${11 * MiB}), 's3://${BUCKET}/large')
       console.log('done')`,
      {
        engine: engineOptions(store, { workers }),
        argument: await file('small.txt', Buffer.from('small')),
      },
    )
    expect(result).toMatchObject({ code: 0, stdout: 'done\n', stderr: '' })
    // Idle threads and connections must not hold it for their idle time.
    expect(result.elapsedMs).toBeLessThan(10_000)
    expect(storedKeys(store)).toEqual(expect.arrayContaining(['small.txt', 'large']))
  })

  test('that does not wait for its uploads has them done before it ends', async () => {
    const { store } = bed()
    const result = await runScript(
      `const engine = new TransferEngine(options)
       for (let n = 0; n < 20; n += 1) engine.upload(Buffer.alloc(1000), 's3://${BUCKET}/n' + n)`,
      { engine: engineOptions(store) },
    )
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(storedKeys(store).filter((key) => /^n\d+$/.test(key))).toHaveLength(20)
  })

  test('that does not look at a failed upload ends as Node ends on any lost rejection', async () => {
    const { store } = bed()
    const result = await runScript(
      `process.on('unhandledRejection', (error) => {
         console.log(error.code)
         process.exitCode = 3
       })
       const engine = new TransferEngine(options)
       engine.upload('/does/not/exist')
       await new Promise((resolve) => setTimeout(resolve, 2000))`,
      { engine: engineOptions(store) },
    )
    expect(result).toMatchObject({ code: 3, stdout: 'ERR_SOURCE_NOT_FOUND\n' })
    const plain = await runScript(
      `new TransferEngine(options).upload('/does/not/exist')
       await new Promise((resolve) => setTimeout(resolve, 10_000))`,
      { engine: engineOptions(store) },
    )
    expect(plain.code).toBe(1)
    expect(plain.stderr).toContain('ERR_SOURCE_NOT_FOUND')
  })

  test('that awaits abort() need not look at the upload it aborted', async () => {
    const { store } = bed()
    const result = await runScript(
      `const engine = new TransferEngine(options)
       const transfer = engine.upload(Buffer.alloc(${11 * MiB}), 's3://${BUCKET}/aborted')
       await transfer.abort()
       await engine.close()`,
      { engine: engineOptions(store) },
    )
    expect(result).toMatchObject({ code: 0, stdout: '', stderr: '' })
    expect(store.uploads()).toEqual([])
  })
})
