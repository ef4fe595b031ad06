import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openTreePage, type TreePage } from '../../../src/cli/tree-page.ts'
import { TransferError } from '../../../src/errors.ts'
import { handTicker } from '../../helpers/hand-ticker.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { done, progress, stats } from '../html-report/run-fixture.ts'

const directory = useTemporaryDirectory()
const names = { command: 'sync', source: 'photos', target: 's3://bucket/p' }

async function opened(name: string, clock = handTicker()): Promise<TreePage> {
  const page = await openTreePage(names, { html: join(directory(), name) }, clock.ticker)
  if (page === undefined) throw new Error('there is no page')
  return page
}

describe('the page of --html', () => {
  it('is there when it is whole, and not before', async () => {
    const page = await opened('r.html')
    page.add(done('a', 2048))
    expect(readdirSync(directory())).toEqual(['r.html.part'])
    await page.close()
    expect(readdirSync(directory())).toEqual(['r.html'])
    const html = readFileSync(join(directory(), 'r.html'), 'utf8')
    expect(html).toMatch(/<\/html>\n$/)
    expect(html).toContain('<dd>2 KiB</dd>')
  })

  it('looks now and then, and once more at the end', async () => {
    const clock = handTicker()
    const page = await opened('r.html', clock)
    let looks = 0
    const tree = { progress: progress() }
    page.watch(tree, { stats: () => stats({ retries: { total: (looks += 1), byCode: {} } }) })
    clock.advance(1000)
    expect(looks).toBe(4)
    await page.close()
    expect(looks).toBe(5)
    expect(clock.isRunning()).toBe(false)
    expect(readFileSync(join(directory(), 'r.html'), 'utf8')).toContain(
      '<dt>duration</dt><dd>1.0s</dd>',
    )
  })

  it('says why a tree ended early, and looks at nothing that is closed', async () => {
    const page = await opened('r.html')
    let isClosed = false
    const engine = {
      stats: () => {
        if (isClosed) throw new Error('looked at a closed engine')
        return stats()
      },
    }
    page.watch({ progress: progress() }, engine)
    page.failed(new TransferError('ERR_ABORTED', 'It was aborted'))
    isClosed = true
    await page.close()
    await page.close()
    expect(readFileSync(join(directory(), 'r.html'), 'utf8')).toContain(
      'ERR_ABORTED It was aborted',
    )
  })

  it('is none where none was asked for', async () => {
    expect(await openTreePage(names, {})).toBeUndefined()
  })

  it('is refused before anything begins where it cannot be', async () => {
    await expect(opened('missing/r.html')).rejects.toMatchObject({ code: 'ERR_TARGET_UNWRITABLE' })
    const both = { html: 'r', report: 'r' }
    await expect(openTreePage(names, both)).rejects.toMatchObject({ code: 'ERR_OPTION_INVALID' })
  })

  it('leaves nothing half written where it cannot get its name', async () => {
    mkdirSync(join(directory(), 'r.html'))
    const page = await opened('r.html')
    await expect(page.close()).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_TARGET_/),
    })
    expect(readdirSync(directory())).toEqual(['r.html'])
  })
})
