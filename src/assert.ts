/**
 * Invariants that stay on in production: a mover of other people's data stops rather than goes on
 * with books that do not balance. For programming errors only; bad input is a `TransferError`.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`Invariant broken: ${message}. Please report this as a bug.`)
}
