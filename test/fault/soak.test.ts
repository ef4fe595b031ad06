import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { planRound } from '../soak/plan.ts'

const SOAK = fileURLToPath(new URL('../../dist/test/soak/run.js', import.meta.url))

function soak(...args: string[]): Promise<{ readonly code: number | null; readonly said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--expose-gc', SOAK, ...args])
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, said }))
  })
}

describe('a soak', () => {
  test('of some rounds ends with all bytes in place and nothing left', async () => {
    const { code, said } = await soak('--seed', '20', '--rounds', '4')
    expect(said).toContain('passed')
    expect(code, `it ends well: ${said}`).toBe(0)
  })

  test('does the same for the same seed and round, and something else for others', () => {
    expect(planRound(7, 3)).toEqual(planRound(7, 3))
    expect(planRound(7, 3)).not.toEqual(planRound(7, 4))
    expect(planRound(7, 3)).not.toEqual(planRound(8, 3))
  })
})
