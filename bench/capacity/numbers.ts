/** Numbers as the tables of the model write them: two figures, because no more are known. Pure. */

const FIGURES = 2

/** `0.69`, `43`, `5,300`, `350,000` */
export function figures(value: number): string {
  if (!Number.isFinite(value)) return '–'
  return Number(value.toPrecision(FIGURES)).toLocaleString('en-US', { maximumFractionDigits: 6 })
}

/** Bits per second: `0.2 Gbit/s` */
export function gigabits(bitsPerSecond: number): string {
  return `${figures(bitsPerSecond / 1e9)} Gbit/s`
}

const BYTE_UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB', 'PB'] as const

/** Powers of 1,000, as disks are sold. */
export function bytes(value: number): string {
  return inUnits(value, BYTE_UNITS, 1000)
}

/** A count of microseconds, milliseconds or seconds, or of hours. */
export function seconds(value: number): string {
  if (value >= 2 * 86_400) return `${figures(value / 86_400)} days`
  if (value >= 5400) return `${figures(value / 3600)} h`
  if (value >= 90) return `${figures(value / 60)} min`
  if (value >= 1) return `${figures(value)} s`
  return value >= 1e-3 ? `${figures(value * 1e3)} ms` : `${figures(value * 1e6)} µs`
}

/** `100 M`, `10 G` */
export function count(value: number): string {
  if (value >= 1e9) return `${figures(value / 1e9)} G`
  return value >= 1e6 ? `${figures(value / 1e6)} M` : figures(value)
}

function inUnits(value: number, units: readonly string[], step: number): string {
  let index = 0
  let scaled = value
  while (scaled >= step && index < units.length - 1) {
    scaled /= step
    index += 1
  }
  return `${figures(scaled)} ${units[index]}`
}
