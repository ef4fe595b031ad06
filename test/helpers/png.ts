/** Reads the PNG files that browsers write of their screens: eight bits a colour, not interlaced. */

import { inflateSync } from 'node:zlib'

export interface Picture {
  readonly width: number
  readonly height: number
  /** How many points have each colour, as `0xrrggbb`. */
  readonly colors: ReadonlyMap<number, number>
}

const FIRST_CHUNK = 8

export function decodePng(file: Buffer): Picture {
  let header: Buffer | undefined
  const data: Buffer[] = []
  for (let at = FIRST_CHUNK; at < file.length;) {
    const length = file.readUInt32BE(at)
    const type = file.toString('latin1', at + 4, at + 8)
    const content = file.subarray(at + 8, at + 8 + length)
    if (type === 'IHDR') header = content
    if (type === 'IDAT') data.push(content)
    at += length + 12
  }
  if (header === undefined) throw new Error('no PNG: it has no header')
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  const [depth, kind, interlace] = [header[8], header[9], header[12]]
  const bytes = kind === 2 ? 3 : kind === 6 ? 4 : 0
  if (depth !== 8 || bytes === 0 || interlace !== 0) throw new Error('a PNG of another kind')
  return { width, height, colors: countColors(inflateSync(Buffer.concat(data)), { width, bytes }) }
}

function countColors(
  rows: Buffer,
  { width, bytes }: { readonly width: number; readonly bytes: number },
): Map<number, number> {
  const colors = new Map<number, number>()
  const stride = width * bytes
  let above = Buffer.alloc(stride)
  for (let at = 0; at < rows.length; at += stride + 1) {
    const row = Buffer.from(rows.subarray(at + 1, at + 1 + stride))
    unfilter(row, above, rows[at] ?? 0, bytes)
    for (let x = 0; x < stride; x += bytes) {
      const color = row.readUIntBE(x, 3)
      colors.set(color, (colors.get(color) ?? 0) + 1)
    }
    above = row
  }
  return colors
}

/** Source: PNG specification, “Filtering”. */
function unfilter(row: Buffer, above: Buffer, filter: number, bytes: number): void {
  for (let x = 0; x < row.length; x += 1) {
    const left = x < bytes ? 0 : (row[x - bytes] ?? 0)
    const up = above[x] ?? 0
    const corner = x < bytes ? 0 : (above[x - bytes] ?? 0)
    const guesses = [0, left, up, (left + up) >> 1, paeth(left, up, corner)]
    row[x] = ((row[x] ?? 0) + (guesses[filter] ?? 0)) & 0xff
  }
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner
  const [toLeft, toUp, toCorner] = [left, up, corner].map((each) => Math.abs(guess - each)) as [
    number,
    number,
    number,
  ]
  if (toLeft <= toUp && toLeft <= toCorner) return left
  return toUp <= toCorner ? up : corner
}
