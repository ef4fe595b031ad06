/**
 * The page: one file that loads nothing, runs nothing, and says so to the browser. Its style is named
 * by its hash, so no other one would be taken either.
 */

import { createHash } from 'node:crypto'
import { aboutRun, connections } from './about-run.ts'
import { clip, Markup, markup } from './markup.ts'
import { objects } from './objects.ts'
import { overTime } from './over-time.ts'
import { header, whatWasDone } from './overview.ts'
import type { RunSummary } from './run-summary.ts'
import { STYLE } from './style.ts'
import { troubles } from './troubles.ts'

export function renderPage(run: RunSummary): string {
  const { command, source, target, version } = run.info
  const hash = createHash('sha256').update(STYLE).digest('base64')
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`
  const sections = [whatWasDone, overTime, troubles, objects, connections, aboutRun]
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="transfer-engine ${version}">
<title>${command}: ${clip(source, 60)} → ${clip(target, 60)}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
${header(run)}<main>
${sections.map((section) => section(run))}</main>
</body>
</html>
`.text
}
