/** Ctrl-C, as a signal that everything that takes long listens to; clean-up then runs as always. */

/** Aborted by the first SIGINT or SIGTERM; the second one ends this process at once. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => controller.abort(new Error(`Interrupted by ${name}`)))
  }
  return controller.signal
}
