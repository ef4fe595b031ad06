/**
 * The flag of a migration that turns its estimate of time off.
 */

import { Option } from 'commander'

export function probeFlag(): Option {
  return new Option('--no-probe', 'Do not estimate the time, which reads up to 8 MiB of the source')
}
