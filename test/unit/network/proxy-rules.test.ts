import { describe, expect, it } from 'vitest'
import { isBypassed, proxyFor } from '../../../src/network/no-proxy.ts'
import { findProxies, type FoundProxies } from '../../../src/network/proxy-rules.ts'

const HTTP = new URL('http://store.example.com')
const HTTPS = new URL('https://store.example.com')

function origins({ proxies }: FoundProxies): unknown[] {
  return [HTTP, HTTPS].map((url) => {
    const choice = proxyFor(proxies, url)
    return choice === undefined || 'problem' in choice ? choice : choice.origin
  })
}

describe('the proxy of the environment', () => {
  it.each([
    ['none is set', {}, undefined, undefined],
    ['HTTP_PROXY', { HTTP_PROXY: 'http://p:1' }, 'http://p:1', undefined],
    ['HTTPS_PROXY', { HTTPS_PROXY: 'http://p:1' }, undefined, 'http://p:1'],
    ['ALL_PROXY', { ALL_PROXY: 'http://p:1' }, 'http://p:1', 'http://p:1'],
    ['ALL_PROXY comes last', { all_proxy: 'p:1', https_proxy: 'p:2' }, 'http://p:1', 'http://p:2'],
    ['lower case first', { https_proxy: 'p:1', HTTPS_PROXY: 'p:2' }, undefined, 'http://p:1'],
    ['an empty one is none', { https_proxy: '', HTTPS_PROXY: 'p:2' }, undefined, undefined],
    [
      'HTTP_PROXY of a CGI program',
      { HTTP_PROXY: 'p:1', REQUEST_METHOD: 'GET' },
      undefined,
      undefined,
    ],
    ['http_proxy of one', { http_proxy: 'p:1', REQUEST_METHOD: 'GET' }, 'http://p:1', undefined],
    [
      'no scheme',
      { HTTPS_PROXY: 'proxy.example.com:3128' },
      undefined,
      'http://proxy.example.com:3128',
    ],
    ['no port', { HTTPS_PROXY: 'http://p' }, undefined, 'http://p:1080'],
    ['port 80, written', { HTTPS_PROXY: 'http://p:80' }, undefined, 'http://p:80'],
    ['TLS to the proxy', { HTTPS_PROXY: 'https://p' }, undefined, 'https://p:443'],
    ['an IPv6 address', { HTTPS_PROXY: 'http://[::1]:3128/' }, undefined, 'http://[::1]:3128'],
    ['a host in NO_PROXY', { ALL_PROXY: 'p:1', NO_PROXY: 'example.com' }, undefined, undefined],
    ['another there', { ALL_PROXY: 'p:1', no_proxy: 'example.org' }, 'http://p:1', 'http://p:1'],
  ])('%s', (_, env, http, https) => {
    expect(origins(findProxies(undefined, env as Record<string, string>))).toEqual([http, https])
  })

  it('of a kind that cannot be used is reported by those who need it', () => {
    const found = findProxies(undefined, {
      ALL_PROXY: 'socks5://user:canary@p:1080',
      http_proxy: '',
    })
    expect(proxyFor(found.proxies, HTTP)).toBeUndefined()
    const choice = proxyFor(found.proxies, HTTPS)
    expect(choice).toMatchObject({ problem: expect.stringContaining('ALL_PROXY names a socks5') })
    expect(JSON.stringify(found)).not.toContain('canary')
  })
})

describe('the option `proxy`', () => {
  const env = { HTTPS_PROXY: 'http://other:1', HTTP_PROXY: 'http://other:1' }

  it('comes before the environment, and `none` switches that off', () => {
    expect(origins(findProxies('http://p:1', env))).toEqual(['http://p:1', 'http://p:1'])
    expect(origins(findProxies('none', env))).toEqual([undefined, undefined])
  })

  it('leaves NO_PROXY its say, as with curl', () => {
    const found = findProxies('http://p:1', { NO_PROXY: '.example.com' })
    expect(origins(found)).toEqual([undefined, undefined])
  })

  it.each(['http://', 'socks5://user:canary@p', 'http://user:canary@p:99999', 'a b canary'])(
    'that names none is refused without being shown: %s',
    (proxy) => {
      let error: unknown
      try {
        findProxies(proxy, {})
      } catch (thrown) {
        error = thrown
      }
      expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option: 'proxy' } })
      expect(String(error)).not.toContain('canary')
    },
  )
})

describe('credentials of a proxy', () => {
  it.each([
    ['user:pass', 'user:pass'],
    ['us%40er:p%3Ass%25', 'us@er:p:ss%'],
    ['user:100%', 'user:100%'],
    ['token', 'token:'],
  ])('%s are apart from its address', (written, meant) => {
    const { proxies, authorization } = findProxies(`http://${written}@p:3128`, {})
    expect(proxies?.https).toEqual({ origin: 'http://p:3128' })
    const value = `Basic ${Buffer.from(meant).toString('base64')}`
    expect(authorization).toEqual({ http: value, https: value })
  })

  it('are those of the variable that names it, though two name one proxy', () => {
    const { authorization } = findProxies(undefined, {
      http_proxy: 'http://a:1@p:3128',
      https_proxy: 'http://b:2@p:3128',
    })
    expect(authorization).toEqual({ http: `Basic ${btoa('a:1')}`, https: `Basic ${btoa('b:2')}` })
  })

  it.each(['/', '?', '#'])('with a bare %s are not taken for a host', (letter) => {
    const text = `http://user:1${letter}canary@proxy.example.com:3128`
    const choice = findProxies(undefined, { https_proxy: text }).proxies?.https
    expect(choice).toEqual({
      problem:
        'The variable https_proxy goes on behind its host and port; ' +
        'write / ? # in a password as %2F %3F %23.',
    })
    expect(() => findProxies(text, {})).toThrow(/^The option `proxy` goes on/)
  })
})

describe('NO_PROXY', () => {
  it.each([
    ['*', 'https://anything', true],
    ['', 'https://example.com', false],
    ['example.com', 'https://example.com', true],
    ['example.com', 'https://bucket.s3.example.com', true],
    ['.example.com', 'https://bucket.example.com', true],
    ['.example.com', 'https://example.com', true],
    ['*.example.com', 'https://bucket.example.com', true],
    ['EXAMPLE.com', 'https://example.COM', true],
    ['example.com.', 'https://example.com', true],
    ['ample.com', 'https://example.com', false],
    ['example.com.org', 'https://example.com', false],
    ['a, example.com', 'https://example.com', true],
    ['a example.com\tb', 'https://example.com', true],
    ['example.com:443', 'https://example.com', true],
    ['example.com:443', 'https://example.com:8443', false],
    ['example.com:80', 'http://example.com', true],
    ['localhost', 'http://127.0.0.1', false],
    ['localhost', 'http://bucket.localhost:9000', true],
    ['127.0.0.1', 'http://127.0.0.1:9000', true],
    ['127.0.0.1:9000', 'http://127.0.0.1:9000', true],
    ['127.0.0.1:9001', 'http://127.0.0.1:9000', false],
    ['0.0.1', 'http://127.0.0.1', false],
    ['10.0.0.0/8', 'http://10.1.2.3', true],
    ['10.0.0.0/8', 'http://11.1.2.3', false],
    ['10.0.0.0/8', 'http://10.example.com', false],
    ['10.0.0.0/99', 'http://10.1.2.3', false],
    ['10.0.0.0/', 'http://10.1.2.3', false],
    ['::1', 'http://[::1]:9000', true],
    ['[::1]', 'http://[::1]:9000', true],
    ['[::1]:9000', 'http://[::1]:9000', true],
    ['[::1]:9001', 'http://[::1]:9000', false],
    ['0:0:0:0:0:0:0:1', 'http://[::1]', true],
    ['fd00::/8', 'http://[fd12::1]', true],
    ['fd00::/8', 'http://[fe80::1]', false],
  ])('%s says of %s: %s', (list, url, expected) => {
    expect(isBypassed(list, new URL(url))).toBe(expected)
  })
})
