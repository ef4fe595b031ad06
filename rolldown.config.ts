/**
 * Joins the modules that one start loads into few files, in place of those that `tsc` wrote: each
 * costs 0.8 ms of CPU time in every thread that loads it. Declarations, and modules that look for
 * files beside themselves, stay as they are. Packages stay packages.
 */

import { resolve } from 'node:path'
import { defineConfig, type Plugin, type RolldownOptions } from 'rolldown'

/** Modules that look for files beside themselves. */
const IN_PLACE = ['src/pool/worker-url.ts', 'src/cli/demo/child-store.ts']

/**
 * The entry that `lib-storage` stands on. Shared by two entries it would become a file behind both, and
 * each start would load one more.
 */
const MAIN_ENTRY = resolve('src/index.ts')

/** Has the modules of `IN_PLACE`, and for other entries the main one, loaded from where they are. */
const keepInPlace: Plugin = {
  name: 'keep-in-place',
  async resolveId(source, importer) {
    const found = await this.resolve(source, importer, { skipSelf: true })
    const isMain = found?.id === MAIN_ENTRY && importer?.startsWith(resolve('src/lib-storage'))
    if (!isMain && !IN_PLACE.some((each) => found?.id === resolve(each))) return null
    return { id: found?.id.replace(/\.ts$/, '.js') ?? source, external: true }
  },
}

/**
 * The small modules that all of the engine stands on go together, and not into a file for each set of
 * drivers that shares some of them: a start would load a dozen. None of them imports a package.
 */
const GROUND = {
  groups: [
    // What `--help` loads stays apart.
    { name: 'errors', test: /\/src\/(?:errors|error-codes|escape-text)\.ts$/, priority: 1 },
    {
      name: 'ground',
      test: /\/src\/(?:units|assert|local-errors|local-target|nearest-name|option-\w+|plan\/[\w-]+|checksum\/(?:algorithms|encoding)|pool\/histogram|store\/(?:profiles|signing|abortable|uri|key-order)|journal\/(?:state-directory|lines)|transfer\/clean-up-options|tree\/(?:csv|entries|records|files-from|outcome|tree-job|filters|patterns|rename)|queue\/(?:options|keys))\.ts$/,
    },
  ],
}

/** The modules below `root` that `entries` load, in the same place below `dist`. */
function joined(root: 'src' | 'workers', entries: readonly string[]): RolldownOptions {
  return {
    input: Object.fromEntries(entries.map((name) => [name, `${root}/${name}.ts`])),
    platform: 'node',
    external: (id) => !/^[./]/.test(id),
    plugins: [keepInPlace],
    logLevel: 'warn',
    output: {
      dir: `dist/${root}`,
      format: 'esm',
      sourcemap: true,
      sourcemapExcludeSources: true,
      entryFileNames: '[name].js',
      chunkFileNames: 'chunks/[name].js',
      ...(root === 'src' ? { codeSplitting: GROUND } : {}),
    },
  }
}

export default defineConfig([
  joined('src', ['index', 'testing', 'lib-storage', 'cli/program']),
  joined('workers', ['part', 'part-runner']),
])
