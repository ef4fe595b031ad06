import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

/** Engines of tests leave nothing in the home directory. */
const env = { XDG_STATE_HOME: join(tmpdir(), 'transfer-engine-test-state') }

/**
 * One project per kind of test. `unit`, `property` and `store` run from source in this process
 * tree; the others run what people install (`dist`), built once by the global set-up.
 */
const fromSource = (name: string, testTimeout = 20_000) => ({
  test: { name, env, include: [`test/${name}/**/*.test.ts`], testTimeout },
})
const fromDist = (name: string) => ({
  test: {
    name,
    env,
    include: [`test/${name}/**/*.test.ts`],
    globalSetup: ['test/helpers/build-dist.ts'],
    pool: 'forks' as const,
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
})

/** CI names a file to leave the counts in. */
const report = process.env['TEST_REPORT']

export default defineConfig({
  test: {
    ...(report === undefined
      ? {}
      : { reporters: ['default', 'json'], outputFile: { json: report } }),
    projects: [
      fromSource('unit'),
      fromSource('property', 120_000),
      fromSource('store'),
      fromDist('integration'),
      fromDist('fault'),
      fromDist('package'),
    ],
  },
})
