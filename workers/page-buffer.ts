/**
 * Memory that starts at a page, as direct calls demand of it.
 *
 * Node gives no address away and aligns an ordinary buffer to 16 bytes. Memory of a resizable
 * ArrayBuffer is reserved and committed in pages, so it starts at one; this is how V8 does it and
 * no promise, which costs nothing: a call that is refused is made the usual way.
 */

/**
 * What offsets, lengths and addresses of direct calls are multiples of. Bytes.
 * Source: the largest logical block of disks; file systems ask for 512 or this (open(2), O_DIRECT).
 */
export const DIRECT_ALIGNMENT = 4096

/** Uncleared memory of at least `length` bytes, whole pages of them. */
export function pageBuffer(length: number): Buffer {
  const size = alignUp(length)
  // The types of ES2023 do not know the second argument; every Node we run on does.
  const Resizable = ArrayBuffer as new (
    length: number,
    options: { readonly maxByteLength: number },
  ) => ArrayBuffer
  return Buffer.from(new Resizable(size, { maxByteLength: size }), 0, size)
}

/** The multiple of the alignment at or below. */
export function alignDown(value: number): number {
  return value - (value % DIRECT_ALIGNMENT)
}

/** The multiple of the alignment at or above. */
export function alignUp(value: number): number {
  return alignDown(value + DIRECT_ALIGNMENT - 1)
}
