/**
 * The worked examples of AWS's documentation of Signature Version 4 for S3.
 * Source: S3 API Reference, "Signature calculations for the Authorization header" (single chunk,
 * multiple chunks, with trailing headers) and "Using query parameters", read 2026-11.
 */

import type { RawRequest, StoreCredentials } from '../../src/local-store/sigv4.ts'

export const EXAMPLE_CREDENTIALS: StoreCredentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
}

/** 20130524T000000Z, the time of every example. */
export const EXAMPLE_TIME: number = Date.UTC(2013, 4, 24)

const HOST = 'examplebucket.s3.amazonaws.com'
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const CREDENTIAL = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request'

function example(
  method: string,
  target: string,
  headers: Record<string, string>,
  signature: string,
): RawRequest {
  const [rawPath = '/', rawQuery = ''] = target.split('?')
  const all: Record<string, string> = { 'x-amz-date': '20130524T000000Z', ...headers }
  const signed = Object.keys(all).toSorted().join(';')
  const authorization = `AWS4-HMAC-SHA256 Credential=${CREDENTIAL},SignedHeaders=${signed},Signature=${signature}`
  return { method, rawPath, rawQuery, headers: Object.entries({ ...all, authorization }) }
}

/** Requests signed in the header, by name. */
export const HEADER_EXAMPLES: Readonly<Record<string, RawRequest>> = {
  'GET Object': example(
    'GET',
    '/test.txt',
    { host: HOST, range: 'bytes=0-9', 'x-amz-content-sha256': EMPTY },
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  ),
  'PUT Object': example(
    'PUT',
    '/test%24file.text',
    {
      host: HOST,
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    },
    '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  ),
  'GET Bucket Lifecycle': example(
    'GET',
    '/?lifecycle',
    { host: HOST, 'x-amz-content-sha256': EMPTY },
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  ),
  'List Objects': example(
    'GET',
    '/?max-keys=2&prefix=J',
    { host: HOST, 'x-amz-content-sha256': EMPTY },
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  ),
}

/** A presigned URL that lives for a day. */
export const QUERY_EXAMPLE: RawRequest = {
  method: 'GET',
  rawPath: '/test.txt',
  rawQuery:
    'X-Amz-Algorithm=AWS4-HMAC-SHA256' +
    `&X-Amz-Credential=${encodeURIComponent(CREDENTIAL)}` +
    '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
    '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  headers: [['host', HOST]],
}

const STREAM_HEADERS = {
  host: 's3.amazonaws.com',
  'content-encoding': 'aws-chunked',
  'x-amz-decoded-content-length': '66560',
  'x-amz-storage-class': 'REDUCED_REDUNDANCY',
}

/** The payload of both streaming examples: 65 KiB of the letter a, in chunks of 64 KiB. */
export const STREAM_PAYLOAD: Buffer = Buffer.alloc(66_560, 'a')

/** A body in signed chunks, with the signatures of its chunks. */
export const STREAM_EXAMPLE: { request: RawRequest; signatures: readonly string[] } = {
  request: example(
    'PUT',
    '/examplebucket/chunkObject.txt',
    {
      ...STREAM_HEADERS,
      'content-length': '66824',
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    },
    '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
  ),
  signatures: [
    'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
  ],
}

/** The same with a signed trailer; the last signature is the trailer's. */
export const TRAILER_EXAMPLE: { request: RawRequest; signatures: readonly string[] } = {
  request: example(
    'PUT',
    '/examplebucket/chunkObject.txt',
    {
      ...STREAM_HEADERS,
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
      'x-amz-trailer': 'x-amz-checksum-crc32c',
    },
    '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
  ),
  signatures: [
    'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
    '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
    '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
    'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435',
  ],
}
