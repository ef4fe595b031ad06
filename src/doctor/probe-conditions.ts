/** Whether writes may depend on what is there: If-None-Match and If-Match on PutObject. */

import { finding, type Finding, type ProbeName } from './findings.ts'
import type { Patient } from './patient.ts'
import type { RawAnswer } from './raw-client.ts'

const BODY = Buffer.from('conditional')

export async function probeConditions({ scratch }: Patient): Promise<readonly Finding[]> {
  const first = await scratch.put('condition', BODY)
  // The probe of objects tells why.
  if (first.error !== undefined) return []
  const absent = await scratch.put('condition', BODY, { headers: { 'if-none-match': '*' } })
  const other = `"${'0'.repeat(32)}"`
  const same = await scratch.put('condition', BODY, { headers: { 'if-match': other } })
  return [
    effectOf('if-none-match-write', absent, 'Objects can be created only where there is none'),
    effectOf('if-match-write', same, 'Objects can be replaced only if they are unchanged'),
  ]
}

function effectOf(probe: ProbeName, { status, error }: RawAnswer, purpose: string): Finding {
  if (status === 412) return finding(probe, 'honoured', 'good', `${purpose}.`)
  if (error === undefined) {
    const meaning =
      'The condition is ignored, and the object was replaced all the same: do not rely on it here.'
    return finding(probe, 'ignored', 'note', meaning)
  }
  const meaning = `Conditions on writes are refused (${error.context.storeCode ?? status}).`
  return finding(probe, 'refused', 'note', meaning)
}
