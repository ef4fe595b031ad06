import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { expect, it } from 'vitest'
import { setUpCp } from '../../src/cli/commands/cp.ts'
import { OPTIONS } from '../../src/option-table.ts'
import { SPECIAL_FLAGS, withOptionTable } from '../helpers/option-docs.ts'

const README = fileURLToPath(new URL('../../README.md', import.meta.url))

it('README lists exactly the options there are (UPDATE_DOCS=1 rewrites it)', () => {
  const before = readFileSync(README, 'utf8')
  const after = withOptionTable(before)
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(README, after)
  else expect(after).toBe(before)
})

it('README names only flags that the command has', () => {
  const command = new Command()
  setUpCp(command, () => undefined)
  const flags = command.options.map(({ long }) => long)
  expect(flags).toEqual(expect.arrayContaining(Object.values(SPECIAL_FLAGS)))
  const names = Object.keys(SPECIAL_FLAGS)
  expect(Object.keys(OPTIONS)).toEqual(expect.arrayContaining(names))
})
