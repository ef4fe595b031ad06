/**
 * Method: the memory that is read into is overwritten after every read, as the memory of a worker
 * is, and what stands for undici and for the target copies at once. Bytes that are kept without a
 * copy come out wrong.
 */

import { describe, expect, it } from 'vitest'
import { PayloadBypass, readHead, type PayloadTarget } from '../../../workers/payload-bypass.ts'
import { differenceOf, testBytes } from '../../helpers/test-bytes.ts'

const KiB = 1024

class Recorder implements PayloadTarget {
  readonly announced: number[] = []
  readonly shown: Buffer[] = []
  readonly written: Buffer[] = []
  readonly bypass: PayloadBypass
  onShown: (bytes: Buffer) => boolean = () => true
  onWrite: () => void = () => undefined
  memory: Buffer | undefined

  constructor() {
    this.bypass = new PayloadBypass((bytes) => {
      this.shown.push(Buffer.from(bytes))
      return this.onShown(bytes)
    })
    this.bypass.arm(this)
  }

  announce(length: number): void {
    this.announced.push(length)
  }

  place(length: number): Uint8Array | undefined {
    return this.memory?.subarray(0, length)
  }

  write(chunk: Buffer): void {
    this.written.push(Buffer.from(chunk))
    this.onWrite()
  }

  /** One read; returns what the socket is told. */
  read(bytes: Uint8Array): boolean {
    const memory = Buffer.alloc(bytes.length + 16, 0xee)
    memory.set(bytes, 8)
    const more = this.bypass.take(memory.subarray(8, 8 + bytes.length))
    memory.fill(0xdd)
    return more
  }

  get head(): string {
    return Buffer.concat(this.shown).toString('latin1')
  }

  get payload(): Buffer {
    return Buffer.concat(this.written)
  }
}

function headOf(length: number | string, status = '206 Partial Content', more = ''): Buffer {
  return Buffer.from(`HTTP/1.1 ${status}\r\nETag: "a"\r\nContent-Length: ${length}\r\n${more}\r\n`)
}

const LENGTH = 70_000
const PAYLOAD = testBytes(LENGTH)
const HEAD = headOf(LENGTH, '206 Partial Content', 'X-After: b\r\n')
const SHOWN = 'HTTP/1.1 206 Partial Content\r\nETag: "a"\r\ncontent-length: 1\r\nX-After: b\r\n\r\n'
const ANSWER = Buffer.concat([HEAD, PAYLOAD])

describe('a large payload', () => {
  it('passes by undici, which sees a head with a length of 1, and one byte at the end', () => {
    const recorder = new Recorder()
    recorder.read(ANSWER.subarray(0, ANSWER.length - 1))
    expect(recorder.announced).toEqual([LENGTH])
    expect(recorder.shown.map(String)).toEqual([SHOWN])
    expect([recorder.bypass.left, recorder.bypass.passed]).toEqual([1, LENGTH - 1])
    recorder.read(ANSWER.subarray(-1))
    expect(recorder.shown.map((bytes) => bytes.length)).toEqual([SHOWN.length, 1])
    expect(recorder.bypass.left).toBe(0)
    expect(differenceOf(recorder.payload, PAYLOAD)).toBeUndefined()
  })

  it('arrives whole however its head is split', () => {
    const interim = Buffer.from('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n')
    for (const [before, shown] of [
      [Buffer.alloc(0), SHOWN],
      [interim, `${interim.toString()}${SHOWN}`],
    ] as const) {
      const answer = Buffer.concat([before, ANSWER])
      const wrong: number[] = []
      for (let cut = 1; cut <= before.length + HEAD.length + 2; cut += 1) {
        const recorder = new Recorder()
        recorder.read(answer.subarray(0, cut))
        recorder.read(answer.subarray(cut))
        const isRight =
          recorder.head === `${shown}\0` &&
          recorder.payload.equals(PAYLOAD) &&
          !recorder.bypass.left
        if (!isRight) wrong.push(cut)
      }
      expect(wrong).toEqual([])
    }
  })

  it('arrives whole when its head comes byte by byte', () => {
    const recorder = new Recorder()
    for (const byte of ANSWER.subarray(0, HEAD.length + 3)) recorder.read(Buffer.of(byte))
    recorder.read(ANSWER.subarray(HEAD.length + 3))
    expect(recorder.head).toBe(`${SHOWN}\0`)
    expect(differenceOf(recorder.payload, PAYLOAD)).toBeUndefined()
  })

  it.each([
    [64 * KiB - 1, false],
    [64 * KiB, true],
    [64 * KiB + 1, true],
  ])('of %i bytes is led around: %s', (length, isLed) => {
    const recorder = new Recorder()
    const answer = Buffer.concat([headOf(length), testBytes(length)])
    for (let at = 0; at < answer.length; at += 10_000)
      recorder.read(answer.subarray(at, at + 10_000))
    expect(recorder.announced).toEqual(isLed ? [length] : [])
    expect(recorder.payload).toHaveLength(isLed ? length : 0)
    const seen = Buffer.concat(recorder.shown)
    if (isLed) expect(seen).toHaveLength(headOf(length).length - '65536'.length + 2)
    else expect(differenceOf(seen, answer)).toBeUndefined()
  })

  it('may be longer than 32 bits count', () => {
    const recorder = new Recorder()
    const length = 5 * 1024 ** 3
    recorder.read(headOf(length))
    recorder.read(Buffer.alloc(100))
    expect([recorder.bypass.left, recorder.bypass.passed]).toEqual([length - 100, 100])
  })

  it('is followed by what nobody asked for: undici gets it, behind the last byte', () => {
    for (const cut of [0, 1, LENGTH - 1, LENGTH]) {
      const recorder = new Recorder()
      const rest = Buffer.concat([PAYLOAD.subarray(cut), Buffer.from('HTTP/1.1 200 OK\r\n')])
      recorder.read(ANSWER.subarray(0, HEAD.length + cut))
      recorder.read(rest)
      expect(recorder.head).toBe(`${SHOWN}\0HTTP/1.1 200 OK\r\n`)
      expect(differenceOf(recorder.payload, PAYLOAD)).toBeUndefined()
    }
  })

  it('is read into the place of the target, never more than is left', () => {
    const recorder = new Recorder()
    recorder.memory = Buffer.alloc(2 * LENGTH)
    expect(recorder.bypass.place()).toBeUndefined()
    recorder.read(HEAD.subarray(0, 20))
    expect(recorder.bypass.place()).toBeUndefined()
    recorder.read(HEAD.subarray(20))
    expect(recorder.bypass.place()).toHaveLength(LENGTH)
    recorder.read(PAYLOAD.subarray(0, LENGTH - 10))
    expect(recorder.bypass.place()).toHaveLength(10)
    recorder.read(PAYLOAD.subarray(LENGTH - 10))
    expect(recorder.bypass.place()).toBeUndefined()
  })
})

describe('a target', () => {
  it('that refuses the head gets no byte, and undici no end', () => {
    const recorder = new Recorder()
    recorder.onShown = () => {
      recorder.bypass.disarm()
      return true
    }
    recorder.memory = Buffer.alloc(LENGTH)
    recorder.read(ANSWER)
    expect(recorder.written).toEqual([])
    expect(recorder.head).toBe(SHOWN)
    expect(recorder.bypass.place()).toBeUndefined()
  })

  it.each([
    ['in the middle', LENGTH - 1],
    ['with the last byte', LENGTH],
  ])('that gives up %s gets nothing more, and undici no end', (_, length) => {
    const recorder = new Recorder()
    recorder.onWrite = () => recorder.bypass.disarm()
    recorder.read(ANSWER.subarray(0, HEAD.length + length))
    expect(recorder.written).toHaveLength(1)
    expect(recorder.head).toBe(SHOWN)
    expect([recorder.bypass.left, recorder.bypass.armed]).toEqual([0, false])
    recorder.read(Buffer.from('more'))
    expect(recorder.written, 'the rest is undici’s to throw away').toHaveLength(1)
  })

  it('is asked again for each answer', () => {
    const recorder = new Recorder()
    recorder.read(ANSWER)
    recorder.bypass.disarm()
    recorder.bypass.arm(recorder)
    recorder.read(ANSWER)
    expect(recorder.announced).toEqual([LENGTH, LENGTH])
    expect(recorder.head).toBe(`${SHOWN}\0${SHOWN}\0`)
    expect(differenceOf(recorder.payload, Buffer.concat([PAYLOAD, PAYLOAD]))).toBeUndefined()
  })

  it('sees nothing of a head that an earlier exchange left unfinished', () => {
    const recorder = new Recorder()
    recorder.read(HEAD.subarray(0, 30))
    recorder.bypass.arm(recorder)
    recorder.read(ANSWER)
    expect(recorder.head).toBe(`${SHOWN}\0`)
  })
})

describe('bytes that nobody is armed for', () => {
  it.each([
    ['before a request', (bypass: PayloadBypass) => bypass.disarm()],
    ['of an answer without a target', (bypass: PayloadBypass) => bypass.arm(undefined)],
  ])('%s pass through undici', (_, prepare) => {
    const recorder = new Recorder()
    prepare(recorder.bypass)
    recorder.read(ANSWER.subarray(0, 10))
    recorder.read(ANSWER.subarray(10))
    expect(differenceOf(Buffer.concat(recorder.shown), ANSWER)).toBeUndefined()
    expect(recorder.written).toEqual([])
  })

  it('follow the payload: it is not searched for heads', () => {
    const recorder = new Recorder()
    recorder.read(ANSWER)
    recorder.read(ANSWER)
    expect(recorder.announced).toEqual([LENGTH])
    expect(differenceOf(recorder.payload, PAYLOAD)).toBeUndefined()
  })

  it('tell the socket what undici says, whether it pauses or not', () => {
    const recorder = new Recorder()
    recorder.onShown = () => false
    expect(recorder.read(HEAD), 'undici may not stop what it does not see').toBe(true)
    expect(recorder.read(PAYLOAD)).toBe(false)
    recorder.bypass.disarm()
    expect(recorder.read(HEAD)).toBe(false)
    recorder.onShown = () => true
    expect(recorder.read(HEAD)).toBe(true)
  })
})

describe('an answer that is not plain', () => {
  const long = 'Content-Length: 70000\r\n'

  it.each([
    ['without a body', 'HTTP/1.1 204 No Content', long],
    ['not modified', 'HTTP/1.1 304 Not Modified', long],
    ['an error', 'HTTP/1.1 404 Not Found', long],
    ['another success', 'HTTP/1.1 203 Hm', long],
    ['of HTTP/1.0', 'HTTP/1.0 200 OK', long],
    ['with a status too long', 'HTTP/1.1 2000 OK', long],
    ['without a length', 'HTTP/1.1 200 OK', ''],
    ['of chunks', 'HTTP/1.1 200 OK', 'Transfer-Encoding: chunked\r\n'],
    ['of chunks and with a length', 'HTTP/1.1 200 OK', `${long}transfer-encoding : chunked\r\n`],
    ['with two lengths', 'HTTP/1.1 200 OK', `${long}${long}`],
    ['with a second length hidden', 'HTTP/1.1 200 OK', `${long}CONTENT-LENGTH : 5\r\n`],
    ['with a list of lengths', 'HTTP/1.1 200 OK', 'Content-Length: 70000, 70000\r\n'],
    ['with a sign', 'HTTP/1.1 200 OK', 'Content-Length: +70000\r\n'],
    ['with a hexadecimal length', 'HTTP/1.1 200 OK', 'Content-Length: 0x70000\r\n'],
    ['with a fraction', 'HTTP/1.1 200 OK', 'Content-Length: 70000.0\r\n'],
    ['with a blank before the colon', 'HTTP/1.1 200 OK', 'Content-Length : 70000\r\n'],
    ['with a tab behind the length', 'HTTP/1.1 200 OK', 'Content-Length: 70000\t\r\n'],
    ['with a length beyond counting', 'HTTP/1.1 200 OK', 'Content-Length: 9007199254740993\r\n'],
    ['with the length in a value', 'HTTP/1.1 200 OK', 'X: Content-Length: 70000\r\n'],
  ])('%s passes through undici whole', (_, line, headers) => {
    const answer = Buffer.concat([Buffer.from(`${line}\r\n${headers}\r\n`), PAYLOAD])
    const recorder = new Recorder()
    recorder.read(answer.subarray(0, 30))
    recorder.read(answer.subarray(30, 1000))
    recorder.read(answer.subarray(1000))
    expect(differenceOf(Buffer.concat(recorder.shown), answer)).toBeUndefined()
    expect([recorder.announced, recorder.written]).toEqual([[], []])
  })

  it.each([
    ['not HTTP', 'SSH-2.0-OpenSSH'],
    ['another version', 'HTTP/2'],
    ['a line feed by itself', 'HTTP/1.1 200 OK\nContent'],
    ['an empty line first', '\r\n'],
  ])('and begins with %s is undici’s to refuse at once', (_, text) => {
    const recorder = new Recorder()
    recorder.read(Buffer.from(text))
    expect(recorder.head).toBe(text)
  })

  it('and has a head without end is given to undici when it is too long', () => {
    const recorder = new Recorder()
    const line = Buffer.from(`X: ${'x'.repeat(1000)}\r\n`)
    recorder.read(Buffer.from('HTTP/1.1 200 OK\r\n'))
    for (let reads = 0; reads < 31; reads += 1) recorder.read(line)
    expect(recorder.shown).toEqual([])
    for (let reads = 0; reads < 5; reads += 1) recorder.read(line)
    expect(Buffer.concat(recorder.shown)).toHaveLength(17 + 36 * line.length)
  })
})

it('any number of interim heads may come at once', () => {
  const recorder = new Recorder()
  const interim = 'HTTP/1.1 102 P\r\n\r\n'
  recorder.read(Buffer.concat([Buffer.from(interim.repeat(50_000)), ANSWER]))
  expect(recorder.shown).toHaveLength(50_002)
  expect(differenceOf(recorder.payload, PAYLOAD)).toBeUndefined()
})

it('only the length is changed in a head', () => {
  const text =
    'HTTP/1.1 200 \xfcber\r\nA: content-length: 9\r\ncOnTeNt-LeNgTh:  0070000 \r\nB: \xe9\r\n\r\n'
  expect(readHead(text)).toEqual({
    kind: 'payload',
    length: 70_000,
    rewritten:
      'HTTP/1.1 200 \xfcber\r\nA: content-length: 9\r\ncontent-length: 1\r\nB: \xe9\r\n\r\n',
  })
})
