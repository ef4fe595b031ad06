/** The environment of what is measured. */

import { expect, it } from 'vitest'
import { isolateEnvironment } from '../../../bench/environment.ts'

it('takes the settings of AWS and Node away and leaves the others', () => {
  const env: NodeJS.ProcessEnv = {
    PATH: '/bin',
    AWS_PROFILE: 'work',
    AWS_CONFIG_FILE: '/home/someone/config',
    NODE_OPTIONS: '--inspect',
  }
  isolateEnvironment(env)
  expect(env['PATH']).toBe('/bin')
  expect(env).not.toHaveProperty('AWS_PROFILE')
  expect(env).not.toHaveProperty('NODE_OPTIONS')
  expect(env['AWS_CONFIG_FILE']).not.toContain('home')
})
