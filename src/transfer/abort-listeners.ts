/**
 * One listener per signal, however many transfers share it: an EventTarget looks through all its
 * listeners for each new one, and warns from the eleventh on.
 */

const listeners = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls back when the signal aborts, at once if it has. Returns what takes the callback off again.
 */
export function listenOnce(signal: AbortSignal, onAbort: () => void): () => void {
  if (signal.aborted) {
    onAbort()
    return () => undefined
  }
  const callbacks = listeners.get(signal) ?? listenTo(signal)
  callbacks.add(onAbort)
  return () => {
    callbacks.delete(onAbort)
  }
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>()
  listeners.set(signal, callbacks)
  const fire = (): void => {
    for (const callback of callbacks) callback()
    callbacks.clear()
  }
  signal.addEventListener('abort', fire, { once: true })
  return callbacks
}
