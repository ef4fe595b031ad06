/**
 * The doctor for callers: loaded when it is called for, since nothing else needs it.
 */

import type { Diagnosis, DiagnoseOptions } from './doctor/diagnose.ts'
import { storeOptions } from './environment.ts'
import { resolveNetwork } from './network/settings.ts'
import { resolveOptions, type EngineOptions } from './options.ts'
import { createS3Store } from './store/s3-store.ts'
import { parseS3Uri } from './store/uri.ts'
import { repair } from './store/with-retry.ts'

/**
 * Finds out what a store and this machine can do, by doing it, and which settings fit. Writes some 40 MiB
 * below a random name under the prefix, and removes all of it, whatever happens.
 *
 * @param uri `s3://bucket` or `s3://bucket/prefix`
 * @param engineOptions what an engine would be given
 * @throws ERR_OPTION_INVALID, ERR_OPTION_UNKNOWN, ERR_URI_INVALID, ERR_ABORTED (with `leftBehind` in the
 *   context if something could not be removed); whatever else is wrong is a finding
 */
export async function diagnose(
  uri: string,
  engineOptions: EngineOptions = {},
  options: DiagnoseOptions = {},
): Promise<Diagnosis> {
  const resolved = resolveOptions(engineOptions)
  const place = parseS3Uri(uri)
  const settings = storeOptions(
    resolved.target,
    resolved,
    resolveNetwork(resolved.target, process.env),
  )
  const { examine } = await import('./doctor/diagnose.ts')
  const store = createS3Store(settings)
  try {
    return await examine(
      { store, storeOptions: settings, options: resolved, place, repair },
      options,
    )
  } finally {
    store.close()
  }
}
