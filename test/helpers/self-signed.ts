/**
 * Certificates for 127.0.0.1 and localhost, made when a test asks for them and good for an hour:
 * X.509 v3, P-256, signed by themselves or by a CA. Written out in DER, so that no key lies in the repository and
 * no program has to be installed.
 */

import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'

const HOUR_MS = 3_600_000

const INTEGER = 0x02
const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const OBJECT_ID = 0x06
const UTF8_STRING = 0x0c
const UTC_TIME = 0x17
const SEQUENCE = 0x30
const SET = 0x31

/** ecdsa-with-SHA256, commonName, subjectAltName, basicConstraints as DER content. */
const ECDSA_SHA256 = Buffer.from('2a8648ce3d040302', 'hex')
const COMMON_NAME = Buffer.from('550403', 'hex')
const ALT_NAME = Buffer.from('551d11', 'hex')
const BASIC_CONSTRAINTS = Buffer.from('551d13', 'hex')
const TRUE = Buffer.from('0101ff', 'hex')

export interface KeyAndCertificate {
  /** PEM. */
  readonly key: string
  /** PEM. */
  readonly cert: string
}

interface Identity extends KeyAndCertificate {
  readonly name: string
  readonly privateKey: KeyObject
}

/** Key and certificate, PEM. */
export function selfSigned(): KeyAndCertificate {
  const { key, cert } = issue('test')
  return { key, cert }
}

/** A CA, and what it has signed for a server and a client. */
export function certificateAuthority(): {
  /** PEM certificate to trust. */
  readonly ca: string
  readonly server: KeyAndCertificate
  readonly client: KeyAndCertificate
} {
  const authority = issue('test CA')
  const [server, client] = [issue('server', authority), issue('client', authority)]
  return { ca: authority.cert, server, client }
}

function issue(name: string, issuer?: Identity): Identity {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = der(SEQUENCE, der(OBJECT_ID, ECDSA_SHA256))
  const serial = Buffer.concat([Buffer.from([1]), randomBytes(8)])
  const extensions = issuer === undefined ? [altNames(), isAuthority()] : [altNames()]
  const body = der(
    SEQUENCE,
    der(0xa0, der(INTEGER, Buffer.from([2]))),
    der(INTEGER, serial),
    algorithm,
    commonName(issuer?.name ?? name),
    der(SEQUENCE, time(Date.now() - HOUR_MS), time(Date.now() + HOUR_MS)),
    commonName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(SEQUENCE, ...extensions)),
  )
  const signature = sign('sha256', body, issuer?.privateKey ?? privateKey)
  const cert = der(SEQUENCE, body, algorithm, der(BIT_STRING, Buffer.from([0]), signature))
  return {
    name,
    privateKey,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: pem('CERTIFICATE', cert),
  }
}

function commonName(name: string): Buffer {
  const value = der(SEQUENCE, der(OBJECT_ID, COMMON_NAME), der(UTF8_STRING, Buffer.from(name)))
  return der(SEQUENCE, der(SET, value))
}

function altNames(): Buffer {
  const names = der(
    SEQUENCE,
    der(0x82, Buffer.from('localhost')),
    der(0x87, Buffer.from([127, 0, 0, 1])),
  )
  return der(SEQUENCE, der(OBJECT_ID, ALT_NAME), der(OCTET_STRING, names))
}

function isAuthority(): Buffer {
  const constraints = der(SEQUENCE, TRUE)
  return der(SEQUENCE, der(OBJECT_ID, BASIC_CONSTRAINTS), TRUE, der(OCTET_STRING, constraints))
}

/** `YYMMDDhhmmssZ` */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  return der(UTC_TIME, Buffer.from(digits.slice(2)))
}

function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(content)
  const { length } = bytes
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), bytes])
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
