import { describe, expect, it } from 'vitest'
import { tlsAdvice } from '../../../src/network/tls-advice.ts'
import { classifyException } from '../../../src/store/classify.ts'

describe('the advice for a handshake that failed', () => {
  it.each([
    ['SELF_SIGNED_CERT_IN_CHAIN', '`tlsCa`'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', '`tlsCa`'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', '`tlsCa`'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', '`tlsCa`'],
    ['CERT_HAS_EXPIRED', 'out of date'],
    ['CERT_NOT_YET_VALID', 'clock'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'another name'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'wants a client certificate'],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'may want a client certificate'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'does not take the client certificate'],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'does not take the client certificate'],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', '`tlsMinVersion`'],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', '`tlsMinVersion`'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'plain http://'],
    ['ERR_SSL_PACKET_LENGTH_TOO_LONG_', 'plain http://'],
  ])('%s: %s', (code, says) => {
    const error = classifyException(Object.assign(new Error('it broke'), { code }))
    expect(error).toMatchObject({ code: 'ERR_TLS', retryable: false })
    expect(error.message).toContain(says)
  })

  it('reads what OpenSSL says where Node gives no code of its own', () => {
    const said = 'write EPROTO 80DC:error:0A00042E:SSL routines::tlsv1 alert protocol version'
    expect(tlsAdvice(said)).toContain('`tlsMinVersion`')
    expect(tlsAdvice('write EPROTO'), 'there is nothing to add').toBeUndefined()
  })
})
