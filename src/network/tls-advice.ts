/**
 * What to do about a TLS handshake that failed, by what Node and OpenSSL say of it. Their codes name
 * the symptom in a form that few can read; these are the four situations behind nearly all of them.
 */

const ADVICE: readonly (readonly [says: RegExp, advice: string])[] = [
  [
    /SELF_SIGNED|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY|CERT_UNTRUSTED|INVALID_CA/,
    'No trusted CA vouches for the certificate of the server: give its CA as `tlsCa` (--ca-bundle)',
  ],
  [
    /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/,
    'The certificate of the server is out of date, or the clock of this machine is',
  ],
  [
    /ALTNAME_INVALID|HOSTNAME_MISMATCH/,
    'The certificate of the server is for another name than the one of `endpoint`',
  ],
  [
    /CERTIFICATE_REQUIRED|certificate required/i,
    'The server wants a client certificate: `tlsCert` and `tlsKey` (--client-cert, --client-key)',
  ],
  [
    /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|unsupported protocol|alert protocol version/i,
    'The server speaks no TLS version that is allowed here; see `tlsMinVersion`',
  ],
  [
    /WRONG_VERSION_NUMBER|wrong version number|PACKET_LENGTH_TOO_LONG|packet length too long/i,
    'What answers speaks no TLS; is it a plain http:// endpoint?',
  ],
  [
    /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE|UNSUPPORTED_CERTIFICATE)/,
    'The server does not take the client certificate (`tlsCert`)',
  ],
  [
    /HANDSHAKE_FAILURE|handshake failure/i,
    'The server refused the handshake: it may want a client certificate (`tlsCert`, `tlsKey`)',
  ],
]

/** One sentence for a message with its code in it; undefined where there is nothing to add. */
export function tlsAdvice(message: string): string | undefined {
  return ADVICE.find(([says]) => says.test(message))?.[1]
}
