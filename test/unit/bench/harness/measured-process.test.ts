/** What a measured process is charged, and how it ends. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runMeasured, type ProcessCost } from '../../../../bench/harness/measured-process.ts'
import { useTemporaryDirectory } from '../../../helpers/temporary-directory.ts'

const never = new AbortController().signal
const directory = useTemporaryDirectory()

function node(program: string, ...args: string[]): { file: string; args: string[] } {
  return { file: process.execPath, args: ['-e', program, ...args] }
}

async function run(program: string, changes: object = {}): Promise<ProcessCost> {
  const options = { scratch: directory(), timeoutMs: 20_000, signal: never, ...changes }
  return await runMeasured(node(program), options)
}

/** Uses 0.3 s of CPU time, on a busy machine, too. */
const BURN = 'while (process.cpuUsage().user < 3e5) for (let i = 0; i < 1e6; i += 1) Math.sqrt(i);'

describe('CPU time', () => {
  it('is that of the process', async () => {
    const { userSeconds, systemSeconds, wallSeconds } = await run(BURN)
    expect(userSeconds).toBeGreaterThanOrEqual(0.29)
    expect(userSeconds + systemSeconds).toBeLessThan(5)
    expect(wallSeconds).toBeGreaterThanOrEqual(0.29)
  })

  it('counts the children of children', async () => {
    const { userSeconds } = await run(
      `const { spawnSync } = require('node:child_process')
       const { status } = spawnSync('sh', ['-c', '"$0" -e "$1"; exit 0', process.execPath, ${JSON.stringify(BURN)}])
       process.exitCode = status`,
    )
    expect(userSeconds).toBeGreaterThanOrEqual(0.29)
  })
})

describe('peak memory', () => {
  it('is what was held once, in the process and in its children together', async () => {
    const hold = 'const held = Buffer.alloc(100 << 20, 1); setTimeout(() => held.length, 200);'
    const { peakRss } = await run(
      `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(hold)}]); ${hold}`,
    )
    expect(peakRss).toBeGreaterThan(200 * 1024 * 1024)
    expect(peakRss).toBeLessThan(600 * 1024 * 1024)
  })
})

describe('the process', () => {
  it('sees nothing of the surroundings but a path', async () => {
    const { stdout } = await run('console.log(JSON.stringify(process.env))')
    const env = JSON.parse(stdout) as NodeJS.ProcessEnv
    expect(Object.keys(env).sort()).toEqual([
      'AWS_EC2_METADATA_DISABLED',
      'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED',
      'HOME',
      'PATH',
      'TMPDIR',
    ])
    expect(env['TMPDIR']).toBe(join(env['HOME'] ?? '', 'tmp'))
  })

  it('fails with the end of what it said', async () => {
    await expect(run('console.error("out of luck"); process.exit(3)')).rejects.toThrow(
      /failed \(3\): out of luck/,
    )
  })

  it('fails when it ends by a signal', async () => {
    await expect(run('process.kill(process.pid, "SIGTERM")')).rejects.toThrow(/failed \(SIGTERM\)/)
  })

  it('fails when there is no such program', async () => {
    const options = { scratch: directory(), timeoutMs: 1000, signal: never }
    const command = { file: join(directory(), 'missing'), args: [] }
    await expect(runMeasured(command, options)).rejects.toThrow(/ENOENT/)
  })

  it('is ended when it takes too long', async () => {
    await expect(run('setInterval(() => 0, 1000)', { timeoutMs: 300 })).rejects.toThrow(/took more/)
  })

  it('is ended with all it has started when the benchmark is interrupted', async () => {
    const controller = new AbortController()
    const file = join(directory(), 'pid')
    const program = `
      const { spawn } = require('node:child_process')
      const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'])
      require('node:fs').writeFileSync(${JSON.stringify(file)}, String(child.pid))
      console.log('ready')
      setInterval(() => 0, 1000)`
    const options = { scratch: directory(), timeoutMs: 20_000, signal: controller.signal }
    const running = runMeasured(node(program), options)
    const timer = setInterval(() => {
      if (readOr(file) !== '') controller.abort(new Error('stop'))
    }, 20)
    await expect(running).rejects.toThrow('stop')
    clearInterval(timer)
    await expect.poll(() => isRunning(Number(readOr(file)))).toBe(false)
  })
})

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** A zombie has ended, even if nobody has waited for it. */
function isRunning(pid: number): boolean {
  const state = /^State:\s+(\S)/m.exec(readOr(`/proc/${pid}/status`))?.[1]
  return state !== undefined && state !== 'Z'
}
