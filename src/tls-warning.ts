/**
 * Loud words where certificates are not checked.
 */

/** Set, it stops Node itself from checking certificates, everywhere in the process. */
const SWITCH = 'NODE_TLS_REJECT_UNAUTHORIZED'

let isSwitchTold = false

/** Warns once per engine of its own option, once per process of Node's switch. */
export function warnOfTls(tlsVerify: boolean | undefined): void {
  if (tlsVerify === false) {
    warn(
      'Certificates are not checked (tlsVerify: false): anybody may read and change what is sent',
    )
  } else if (process.env[SWITCH] === '0' && !isSwitchTold) {
    isSwitchTold = true
    warn(
      `${SWITCH}=0 is set: certificates of the store are checked all the same, but those of no ` +
        'other connection of this process, which may fetch the credentials: unset it, and give tlsCa',
    )
  }
}

function warn(message: string): void {
  process.emitWarning(message, { type: 'TransferEngineWarning', code: 'TLS_UNVERIFIED' })
}
