import { describe, expect, it } from 'vitest'

import { cleanMessage, parseErrorBody } from '../../../src/store/error-body.ts'

describe('parseErrorBody', () => {
  it('reads the fields of an error document', () => {
    const text = `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>AuthorizationHeaderMalformed</Code>
<Message>expecting &apos;eu-west-1&apos; &amp; not &lt;x&gt; &#65;&#x42;</Message>
<Region>eu-west-1</Region><RequestId>R1</RequestId><HostId>H</HostId></Error>`
    expect(parseErrorBody(text)).toEqual({
      code: 'AuthorizationHeaderMalformed',
      message: "expecting 'eu-west-1' & not <x> AB",
      region: 'eu-west-1',
      requestId: 'R1',
      header: undefined,
    })
  })

  it('takes what is there of a document that was cut off', () => {
    expect(parseErrorBody('<Error><Code>SlowDown</Code><Message>Please red')).toMatchObject({
      code: 'SlowDown',
      message: undefined,
    })
  })

  it('accepts a namespace, and blanks before the document', () => {
    const text =
      '\n  <Error xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Code>A</Code></Error>\n'
    expect(parseErrorBody(text)?.code).toBe('A')
  })

  it.each(['', '<html><body>Sign in</body></html>', '{"error":"x"}', '<Errors></Errors>'])(
    'finds no error in %j',
    (text) => {
      expect(parseErrorBody(text)).toBeUndefined()
    },
  )

  it('looks only at the beginning of a huge body', () => {
    const text = `<Error>${' '.repeat(100_000)}<Code>Late</Code></Error>`
    expect(parseErrorBody(text)?.code).toBeUndefined()
  })

  it('leaves unknown and impossible entities as they are', () => {
    const text = '<Error><Message>&nbsp; &#x110000;</Message></Error>'
    expect(parseErrorBody(text)?.message).toBe('&nbsp; &#x110000;')
  })
})

describe('cleanMessage', () => {
  it('makes one printable line of bounded length', () => {
    expect(cleanMessage(' a\r\n\u001B]0;title\u0007b ')).toBe('a ]0;title b')
    expect(cleanMessage('x'.repeat(600))).toHaveLength(501)
    expect(cleanMessage(undefined)).toBeUndefined()
  })
})
