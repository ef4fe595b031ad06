/**
 * The architecture as a test: which folder may import which, how large files and functions may
 * grow, and what must not be written. Reads the sources as text; see ARCHITECTURE.md for the
 * layers and why they are so.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const LINES_MAX = 300
const COLUMNS_MAX = 110

/** Layers from the bottom; a file imports from its own layer or one below. */
const LAYERS: readonly (readonly RegExp[])[] = [
  [
    /^src\/(units|assert|errors|error-codes|escape-text|local-errors|local-target|file-attributes|nearest-name|package-version)\.ts$/,
  ],
  [/^src\/(plan|checksum|adapt)\//],
  [/^src\/network\//],
  [/^src\/store\//],
  [/^src\/journal\//],
  [/^src\/(options|option-check|option-table)\.ts$/],
  [/^src\/(pool\/|events\.ts$)/],
  [/^src\/transfer\//],
  [/^src\/(transfer-options|locations)\.ts$/],
  [/^src\/(tree|manifest)\//],
  [/^src\/(migrate|replicate|queue)\//],
  [
    /^src\/(metrics\/|((object|tree|verify|migrate|replicate|queue)-calls|stats|environment|tls-warning|shut-down|engine-base|engine)\.ts$)/,
  ],
  [/^src\/(doctor\/|diagnose\.ts$)/],
  [/^src\/(index|testing)\.ts$/],
  [/^src\/lib-storage(\/|\.ts$)/],
  [/^src\/html-report\//],
  [/^src\/cli\//],
]

/** What a worker may load: it starts with little and never meets the SDK. */
const WORKER_IMPORTS = [
  /^workers\//,
  /^src\/(units|assert|errors|error-codes|local-errors|local-target|file-attributes)\.ts$/,
  /^src\/(plan|checksum|network)\//,
  /^src\/store\/(signing|requests|responses|classify|error-body|error-classes|types|copied-attributes|etag)\.ts$/,
  /^src\/pool\/(protocol|rows|shared-state|pool-event)\.ts$/,
]

/** Packages and the only places that may import them at run time. */
const PACKAGES: readonly (readonly [name: RegExp, where: RegExp])[] = [
  [/^piscina$/, /^src\/pool\/worker-pool\.ts$/],
  [/^undici/, /^(workers\/undici-client|src\/store\/control-transport)\.ts$/],
  [/^@aws-sdk\/|^@smithy\//, /^(src\/store\/sdk\.ts$|bench\/|test\/)/],
  [/^prom-client/, /^src\/metrics\/exposition\.ts$/],
  [/^commander$/, /^src\/cli\//],
  [/^(bullmq|ioredis)$/, /^src\/queue\/redis\.ts$/],
]

interface Import {
  readonly target: string
  readonly typeOnly: boolean
}

const sources = ['src', 'workers', 'bench', 'test']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      `${folder}/${name}`.replaceAll('\\', '/'),
    ),
  )
  .filter((file) => /\.c?ts$/.test(file) && !file.includes('node_modules/'))
  .sort()
const text = new Map(sources.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]))
const product = sources.filter((file) => /^(src|workers)\//.test(file))

function importsOf(file: string): Import[] {
  const found = (text.get(file) ?? '').matchAll(
    /^(?:import|export)\s+(type\s)?[^'";]*?from\s+'([^']+)'|import\('([^']+)'\)/gm,
  )
  return [...found].map((match) => {
    const target = match[2] ?? match[3] ?? ''
    const resolved = target.startsWith('.')
      ? relative(ROOT, resolve(ROOT, dirname(file), target)).replaceAll('\\', '/')
      : target
    return { target: resolved, typeOnly: match[1] !== undefined }
  })
}

function layerOf(file: string): number {
  return LAYERS.findIndex((layer) => layer.some((pattern) => pattern.test(file)))
}

describe('layers', () => {
  it('lets every file import only from its own layer or one below', () => {
    const wrong: string[] = []
    for (const file of product) {
      if (file.startsWith('workers/') || file.startsWith('src/local-store/')) continue
      expect(layerOf(file), `${file} belongs to a layer`).toBeGreaterThanOrEqual(0)
      for (const { target } of importsOf(file)) {
        if (!target.startsWith('src/') || target.startsWith('src/local-store/')) continue
        if (layerOf(target) > layerOf(file)) wrong.push(`${file} → ${target}`)
      }
    }
    expect(wrong).toEqual([])
  })

  it('keeps workers to what a thread needs', () => {
    const wrong = product
      .filter((file) => file.startsWith('workers/'))
      .flatMap((file) =>
        importsOf(file)
          .filter(({ target }) => /^(src|workers)\//.test(target))
          .filter(({ target }) => !WORKER_IMPORTS.some((pattern) => pattern.test(target)))
          .map(({ target }) => `${file} → ${target}`),
      )
    expect(wrong).toEqual([])
  })

  it('never lets src import workers: it knows only their URL', () => {
    const wrong = product.filter(
      (file) =>
        file.startsWith('src/') &&
        importsOf(file).some(({ target }) => target.startsWith('workers/')),
    )
    expect(wrong).toEqual([])
  })

  it('keeps the local store and the engine strangers to each other', () => {
    const wrong: string[] = []
    for (const file of product) {
      const isStore = file.startsWith('src/local-store/')
      for (const { target } of importsOf(file)) {
        const toStore = target.startsWith('src/local-store/')
        const isDoor = file === 'src/testing.ts' || file.startsWith('src/cli/')
        if (isStore && target.startsWith('src/') && !toStore) wrong.push(`${file} → ${target}`)
        if (!isStore && toStore && !isDoor) wrong.push(`${file} → ${target}`)
      }
    }
    expect(wrong).toEqual([])
  })

  it('has pages made for the command alone', () => {
    const wrong = product
      .filter((file) => !/^src\/(cli|html-report)\//.test(file))
      .filter((file) => importsOf(file).some(({ target }) => target.startsWith('src/html-report/')))
    expect(wrong).toEqual([])
  })

  it('loads each package in one place', () => {
    const wrong = product.flatMap((file) =>
      importsOf(file)
        .filter(({ typeOnly }) => !typeOnly)
        .filter(({ target }) =>
          PACKAGES.some(([name, where]) => name.test(target) && !where.test(file)),
        )
        .map(({ target }) => `${file} → ${target}`),
    )
    expect(wrong).toEqual([])
  })
})

describe('files', () => {
  it.each(product)('%s is short, narrow and opens by saying what it is', (file) => {
    const content = text.get(file) ?? ''
    const lines = content.split('\n')
    expect(lines.length, 'lines').toBeLessThanOrEqual(LINES_MAX + 1)
    const wide = lines.filter((line) => line.length > COLUMNS_MAX && !line.includes('http'))
    expect(wide, 'columns').toEqual([])
    expect(content, 'module header').toMatch(/^(#!.*\n)?\/\*\*/)
  })

  it('have no loose ends', () => {
    const marks = new RegExp(['T_O_D_O', 'F_I_X_M_E', 'X_X_X'].join('|').replaceAll('_', ''))
    const loose = sources.filter((file) =>
      new RegExp(`\\b(${marks.source})\\b`).test(text.get(file) ?? ''),
    )
    expect(loose).toEqual([])
  })
})
