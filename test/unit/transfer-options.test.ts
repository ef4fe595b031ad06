import { describe, expect, it } from 'vitest'
import { resolveOptions } from '../../src/options.ts'
import { checkDownloadOptions, checkUploadOptions } from '../../src/transfer-options.ts'

const { tuning } = resolveOptions({ partSize: 6 * 1024 * 1024, checksumAlgorithm: 'SHA256' })
const upload = (options: object) => () => checkUploadOptions(options, tuning)
const download = (options: object) => () => checkDownloadOptions(options, tuning)
const invalid = (option: string) =>
  expect.objectContaining({ code: 'ERR_OPTION_INVALID', context: { option } })

describe('options of an upload', () => {
  it('fall back on those of the engine', () => {
    expect(upload({})()).toEqual({
      attributes: {},
      partSize: 6 * 1024 * 1024,
      multipartThreshold: tuning.multipartThreshold,
      algorithm: 'SHA256',
      size: undefined,
      maxInFlight: tuning.maxInFlight,
      leavePartsOnError: false,
      removeSource: false,
    })
  })

  it('may differ this once', () => {
    const options = {
      partSize: 5 * 1024 * 1024,
      multipartThreshold: 0,
      checksumAlgorithm: 'CRC64NVME',
      size: 0,
      maxInFlight: 1,
      leavePartsOnError: true,
    }
    expect(upload(options)()).toMatchObject({
      partSize: 5 * 1024 * 1024,
      multipartThreshold: 0,
      algorithm: 'CRC64NVME',
      size: 0,
      maxInFlight: 1,
      leavePartsOnError: true,
    })
  })

  it('carry the words of S3 for the object', () => {
    const attributes = {
      contentType: 'text/plain',
      cacheControl: 'no-cache',
      metadata: { a: 'b' },
      storageClass: 'STANDARD_IA',
    }
    expect(upload(attributes)().attributes).toMatchObject(attributes)
  })

  it.each([
    ['size', -1],
    ['size', 1.5],
    ['size', '7'],
    ['partSize', 1],
    ['checksumAlgorithm', 'MD5'],
    ['signal', {}],
    ['onProgress', 'loud'],
    ['maxInFlight', 0],
    ['leavePartsOnError', 1],
    ['removeSource', 'yes'],
  ])('refuse %s: %j', (option, value) => {
    expect(upload({ [option]: value })).toThrow(invalid(option))
  })

  it('name the engine for what cannot differ by transfer', () => {
    expect(upload({ workers: 2 })).toThrow(
      'Expected `workers` to be given to the engine; it cannot differ by transfer.',
    )
  })

  it.each([
    ['contentTyp', 'contentType'],
    ['partsize', 'partSize'],
    ['onprogress', 'onProgress'],
  ])('answer %s with %s', (name, nearest) => {
    expect(upload({ [name]: 'x' })).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_UNKNOWN',
        message: `Unknown option \`${name}\`. Did you mean \`${nearest}\`?`,
      }),
    )
  })
})

describe('options of a download', () => {
  it('fall back on those of the engine', () => {
    expect(download({})().partSize).toBe(6 * 1024 * 1024)
    expect(download({ versionId: 'v', requestPayer: 'requester' })().attributes).toMatchObject({
      requestPayer: 'requester',
    })
  })

  it.each([
    ['versionId', 7],
    ['partSize', 1],
    ['signal', 'stop'],
  ])('refuse %s: %j', (option, value) => {
    expect(download({ [option]: value })).toThrow(invalid(option))
  })

  it.each([
    ['fsync', false],
    ['versionId', 'v'],
  ])('refuse %s: %j of a move', (option, value) => {
    expect(download({ [option]: value, removeSource: true })).toThrow(invalid(option))
    expect(download({ [option]: value, removeSource: false })()).toMatchObject({
      removeSource: false,
    })
  })

  it.each(['contentType', 'size', 'multipartThreshold'])('do not know %s of an upload', (name) => {
    expect(download({ [name]: 1 })).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^ERR_OPTION_/) }),
    )
  })
})
