/**
 * Where the worker files are. The layout is the same in source and in `dist`, so a worker file has
 * the extension of this module: `.ts` when run from source, `.js` when installed.
 */

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** URL of `workers/<name>`. */
export function workerUrl(name: 'part' | 'part-runner'): URL {
  return new URL(`../../workers/${name}.${extension}`, import.meta.url)
}
