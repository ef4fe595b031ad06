import { expect, it } from 'vitest'
import { renderTable } from '../../../src/cli/table.ts'

it('lines columns up under their titles, numbers to the right', () => {
  const columns = [
    { title: 'name', align: 'left' },
    { title: 'MiB/s', align: 'right' },
    { title: 'note', align: 'left' },
  ] as const
  const rows = [
    ['upload', '5', 'a'],
    ['漢字', '12345', ''],
  ]
  expect(renderTable(columns, rows)).toBe(
    ['name    MiB/s  note', '------  -----  ----', 'upload      5  a', '漢字    12345', ''].join(
      '\n',
    ),
  )
})
