/**
 * Flags of commands that move something: what is remembered of it, and what is said.
 */

import { Option } from 'commander'
import { metricsFlags } from './metrics-flags.ts'

export function stateFlags(): Option[] {
  const flags = [
    new Option('--no-resume', 'Begin anew, and write nothing down to go on with'),
    new Option('--no-record-uploads', 'Do not note open uploads in the state directory'),
  ]
  return flags.map((option) => option.helpGroup('Tuning:'))
}

export function outputFlags(): Option[] {
  const flags = [
    new Option('--dry-run', 'Say what would be done, and do nothing'),
    new Option('--dryrun', 'The same').hideHelp(),
    new Option('--json', 'One JSON event per line'),
    new Option('--quiet', 'Only errors'),
    new Option('--debug', 'Context and stack of errors'),
    ...metricsFlags(),
  ]
  return flags.map((option) => option.helpGroup('Output:'))
}

/** How much is said. */
export function reportStyleOf(values: Readonly<Record<string, unknown>>): {
  readonly json: boolean
  readonly quiet: boolean
  readonly debug: boolean
} {
  return {
    json: values['json'] === true,
    quiet: values['quiet'] === true,
    debug: values['debug'] === true,
  }
}
