/**
 * The endpoint that goes with a profile named by option.
 *
 * The SDK takes keys and region from such a profile, but its endpoint from the profile of the
 * environment: the keys of one store would be sent to another. So this reads `endpoint_url`, of
 * the profile or of its `services` section, and the variables that override it, as AWS tools do.
 * Source: AWS SDKs and Tools reference guide, "Service-specific endpoints".
 */

import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/** Values of a section; a nested value has the name `group.name`. */
type Section = ReadonlyMap<string, string>

/** The endpoint for S3 with that profile, or `undefined` for that of AWS. */
export async function findProfileEndpoint(
  profile: string,
  env: Environment = process.env,
): Promise<string | undefined> {
  if (isTrue(env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'])) return undefined
  const fromEnvironment = env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL']
  if (fromEnvironment) return fromEnvironment
  const path = env['AWS_CONFIG_FILE'] || join(homedir(), '.aws', 'config')
  // No file is no endpoint; whether the profile exists at all is for the credentials to tell.
  const sections = parseSections(await readFile(path, 'utf8').catch(() => ''))
  const section = sections.get(profile === 'default' ? 'default' : `profile ${profile}`)
  if (section === undefined || isTrue(section.get('ignore_configured_endpoint_urls'))) {
    return undefined
  }
  const services = sections.get(`services ${section.get('services') ?? ''}`)
  return services?.get('s3.endpoint_url') ?? section.get('endpoint_url')
}

/** The sections of a shared config file; blanks within `[profile  name]` do not count. */
function parseSections(text: string): ReadonlyMap<string, Section> {
  const sections = new Map<string, Map<string, string>>()
  let section: Map<string, string> | undefined
  let group: string | undefined
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.replace(/(?:^|\s)[#;].*$/, '').trimEnd()
    const header = /^\[([^\]]+)\]/.exec(line)
    if (header !== null) {
      const name = (header[1] ?? '').trim().replace(/\s+/g, ' ').replace(/"/g, '')
      section = sections.get(name) ?? new Map<string, string>()
      sections.set(name, section)
      group = undefined
      continue
    }
    const pair = /^(\s*)([^=\s]+)\s*=\s*(.*)$/.exec(line)
    if (pair === null || section === undefined) continue
    const [, indent, name = '', value = ''] = pair
    if (indent === '') {
      group = value === '' ? name : undefined
      if (value !== '') section.set(name, value)
    } else if (group !== undefined) {
      section.set(`${group}.${name}`, value)
    }
  }
  return sections
}

function isTrue(text: string | undefined): boolean {
  return text?.toLowerCase() === 'true'
}
