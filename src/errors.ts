/**
 * The one error class of the package, and its form on the wire.
 *
 * A thread boundary strips class, code and fields from an Error, so workers answer with `WireError` data,
 * made by `toWire` and turned back by `fromWire`. Context never holds a secret.
 */

import { ERROR_CODES, type ErrorCode, type ErrorInfo } from './error-codes.ts'

export { ERROR_CODES, type ErrorCode, type ErrorInfo }

/** Where it happened. Every field is optional, plain and free of secrets. */
export interface ErrorContext {
  readonly transferId?: number | undefined
  readonly bucket?: string | undefined
  readonly key?: string | undefined
  readonly path?: string | undefined
  readonly option?: string | undefined
  readonly operation?: string | undefined
  readonly uploadId?: string | undefined
  readonly partNumber?: number | undefined
  readonly offset?: number | undefined
  readonly length?: number | undefined
  readonly attempt?: number | undefined
  readonly status?: number | undefined
  /** The store's own error code, `SlowDown` for example. */
  readonly storeCode?: string | undefined
  readonly requestId?: string | undefined
  readonly origin?: string | undefined
  readonly workerId?: number | undefined
  /** Milliseconds the store asked to wait (Retry-After), already bounded. */
  readonly retryAfterMs?: number | undefined
  /** Region the store named when it refused ours. */
  readonly region?: string | undefined
  /** Offset of the store's clock against ours, from its Date header. Milliseconds. */
  readonly clockOffsetMs?: number | undefined
  /**
   * The connection stood before the request and broke before anything of an answer came: most
   * likely the server was closing it just then, which says nothing about the request.
   */
  readonly stale?: boolean | undefined
  /** What clean-up could not remove, for example an upload id. */
  readonly leftBehind?: string | undefined
}

/** A `TransferError` as plain data: safe to post to another thread, and to print as JSON. */
export interface WireError {
  readonly code: ErrorCode
  readonly message: string
  readonly context: ErrorContext
  readonly cause?: { readonly name: string; readonly message: string; readonly code?: string }
}

const BRAND = Symbol.for('transfer-engine.TransferError')

/** Every failure this package reports. Rejections of a transfer are always of this class. */
export class TransferError extends Error {
  override readonly name = 'TransferError'
  readonly code: ErrorCode
  readonly context: ErrorContext
  readonly [BRAND] = true

  constructor(
    code: ErrorCode,
    message: string,
    context: ErrorContext = {},
    options?: { readonly cause?: unknown },
  ) {
    super(message, options)
    this.code = code
    this.context = context
  }

  /** Whether another attempt may succeed. */
  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable
  }

  /** What to do, as one sentence. */
  get hint(): string {
    return ERROR_CODES[this.code].hint
  }

  /** The same error with more context; fields already set are kept. */
  with(context: ErrorContext): TransferError {
    const error = new TransferError(
      this.code,
      this.message,
      { ...context, ...this.context },
      { cause: this.cause },
    )
    if (this.stack !== undefined) error.stack = this.stack
    return error
  }

  toJSON(): WireError {
    return toWire(this)
  }
}

/** True for errors of this package, also of another copy of it. */
export function isTransferError(value: unknown): value is TransferError {
  return typeof value === 'object' && value !== null && BRAND in value
}

/** Any thrown value → a `TransferError`; what is none of ours becomes `ERR_INTERNAL`. */
export function toTransferError(value: unknown, context: ErrorContext = {}): TransferError {
  if (isTransferError(value)) return value.with(context)
  const message = value instanceof Error ? value.message : String(value)
  return new TransferError('ERR_INTERNAL', message, context, { cause: value })
}

/** Error → data for `postMessage`; a value that is no `TransferError` becomes `ERR_INTERNAL`. */
export function toWire(value: unknown): WireError {
  const error = toTransferError(value)
  const { code, message, context, cause } = error
  if (!(cause instanceof Error)) return { code, message, context }
  const causeCode: unknown = 'code' in cause ? cause.code : undefined
  return {
    code,
    message,
    context,
    cause: {
      name: cause.name,
      message: cause.message,
      ...(typeof causeCode === 'string' ? { code: causeCode } : {}),
    },
  }
}

/** Data from a worker → the error it stands for. */
export function fromWire(wire: WireError): TransferError {
  const cause = wire.cause && Object.assign(new Error(wire.cause.message), wire.cause)
  return new TransferError(wire.code, wire.message, wire.context, { cause })
}
