import { describe, expect, it } from 'vitest'
import { ERROR_CODES, type ErrorCode } from '../../../src/errors.ts'
import { renderPage } from '../../../src/html-report/page.ts'
import type { Outcome } from '../../../src/index.ts'
import { done, failed, summary } from './run-fixture.ts'

const HOSTILE = `</td></script><script>alert(1)</script><img src=x onerror="alert('2')">&amp;\u001b[2J\u202e\n`

/** Text of the cells, by rows. */
function rows(html: string): string[][] {
  return [...html.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = '']) => cell),
  )
}

describe('a page', () => {
  it('has the sums of what it was told', () => {
    const html = renderPage(summary([done('a', 3 * 1024), done('b', 1024), failed('c')]))
    expect(rows(html)).toEqual(
      expect.arrayContaining([
        ['operation', 'done', 'failed', 'bytes'],
        ['upload', '2', '1', '4 KiB'],
        ['all', '2', '1', '4 KiB'],
        ['checksum', '2'],
        ['ERR_THROTTLED', '10'],
        ['p/c', 'upload', 'No', '403 AccessDenied', 'id of c', '2'],
      ]),
    )
    expect(html).toContain('<dt>duration</dt><dd>10.0s</dd>')
    expect(html).toContain('1 could not be done.')
    expect(html).toContain('2026-01-02 03:04:05 UTC')
  })

  it('says how it ended', () => {
    expect(renderPage(summary([done('a', 1)]))).toContain('>All was done.<')
    const dry = renderPage(
      summary([{ ...done('a', 1), status: 'planned' } as Outcome], { isDryRun: true }),
    )
    expect(dry).toContain('nothing was done')
    expect(rows(dry)).toContainEqual(['operation', 'planned', 'failed', 'bytes'])
    expect(dry).not.toContain('<h2>Over time')
    const skipped = { status: 'skipped', name: 'a', reason: 'unreadable' } as const
    expect(renderPage(summary([skipped]))).toContain('1 could not be done.')
    const earlyEnd = { code: 'ERR_ABORTED', message: 'It was aborted', hint: 'Run it again.' }
    expect(renderPage({ ...summary([]), earlyEnd })).toContain('ERR_ABORTED It was aborted')
  })

  it('shows hostile names and messages, and does nothing of what they say', () => {
    const outcomes: Outcome[] = [
      done(HOSTILE, 1),
      failed(HOSTILE, 'ERR_ACCESS_DENIED', HOSTILE),
      { status: 'skipped', name: HOSTILE, reason: 'hook', detail: HOSTILE },
    ]
    const names = { command: HOSTILE, source: HOSTILE, target: HOSTILE, version: HOSTILE }
    const html = renderPage({
      ...summary(outcomes, { ...names, options: [[HOSTILE, HOSTILE]] }),
      earlyEnd: { code: HOSTILE, message: HOSTILE, hint: HOSTILE },
    })
    expect(html).not.toMatch(/<(script|img)/i)
    expect(html.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    const shown = String.raw`&lt;/td&gt;&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;2&#39;)&quot;&gt;&amp;amp;\u001b[2J\u202e\n`
    expect(html.split(shown).length - 1).toBeGreaterThanOrEqual(8)
    // Every quote that is not ours is an entity, so tags are as they were written.
    const plain = renderPage(
      summary([done('a', 1), failed('a'), { status: 'skipped', name: 'a', reason: 'hook' }], {
        options: [['a', 'a']],
      }),
    )
    const tagsOf = (text: string): string[] => [...new Set(text.match(/<[a-z]+/g))].sort()
    expect(tagsOf(html)).toEqual(tagsOf(plain))
  })

  it('loads nothing and runs nothing', () => {
    const html = renderPage(summary([done('a', 1), failed('b')]))
    expect(html).not.toMatch(/https?:|\bsrc=|\bhref=|url\(|@import|\bstyle=|\son[a-z]+=|<script/i)
    expect(html).toMatch(
      /content="default-src &#39;none&#39;; style-src &#39;sha256-[\w+/=]{44}&#39;;/,
    )
  })

  it('can be read without seeing it', () => {
    const html = renderPage(summary([done('a', 1), failed('b')]))
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(html).toContain('<title>sync: photos → s3://bucket/p</title>')
    const charts = html.match(/<svg [^>]*>/g) ?? []
    expect(charts.length).toBeGreaterThan(6)
    for (const chart of charts) {
      expect(chart).toMatch(/role="img" aria-label="[^"]{20,}"|aria-hidden="true"/)
    }
    for (const table of html.match(/<table.*?<\/table>/gs) ?? []) {
      expect(table).toMatch(/<caption>.+<\/caption>\n<thead><tr><th scope="col"/)
      expect(table).toMatch(/<tbody>\n<tr><th scope="row"/)
    }
  })

  it('stays below 300 KiB, whatever names and messages are', () => {
    const name = '"'.repeat(1024)
    const outcomes = function* (): Iterable<Outcome> {
      for (let index = 0; index < 1000; index += 1) yield done(`${index}${name}`, index, index)
      for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
        for (let index = 0; index < 5; index += 1) yield failed(name, code, name.repeat(50))
      }
      for (let index = 0; index < 9; index += 1) {
        yield { status: 'skipped', name, reason: 'unreadable', detail: name }
      }
    }
    const html = renderPage(summary(outcomes()))
    expect(Buffer.byteLength(html)).toBeLessThan(300 * 1024)
  })
})
