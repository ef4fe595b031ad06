import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { withOptionTable } from '../helpers/option-docs.ts'

const README = fileURLToPath(new URL('../../README.md', import.meta.url))

it('README lists exactly the options there are (UPDATE_DOCS=1 rewrites it)', () => {
  const before = readFileSync(README, 'utf8')
  const after = withOptionTable(before)
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(README, after)
  else expect(after).toBe(before)
})
