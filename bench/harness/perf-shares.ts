/** What `perf report` says of functions → shares of CPU time by what they are for. Pure. */

export interface Share {
  readonly name: string
  /** 0 to 1, of all CPU time of the process. */
  readonly share: number
}

interface Kind {
  readonly name: string
  /** Of the library the function is in, and of its name. */
  readonly library: RegExp
  readonly symbol?: RegExp
}

/** The first that fits decides. */
const KINDS: readonly Kind[] = [
  { name: 'kernel', library: /^\[kernel|\.ko$|^\[guest/ },
  { name: 'CRC32', library: /^crc32\./ },
  { name: 'JavaScript, compiled', library: /^\[JIT\]|^perf-\d+\.map$/ },
  {
    name: 'encryption and hashes (OpenSSL)',
    library: /^node$/,
    symbol: /^_?(?:aes|gcm|ghash|sha\d|ssl|tls|evp|bio|do_ssl|hmac|chacha|poly1305|ossl|crypto_)/i,
  },
  {
    name: 'garbage collection',
    library: /^node$/,
    symbol: /Scaveng|Mark(?:ing|Compact)|Sweep|Evacuat|GCTracer|v8::internal::Heap|cppgc/,
  },
  {
    name: 'compilation of JavaScript',
    library: /^node$/,
    symbol:
      /v8::internal::(?:compiler|maglev|baseline|interpreter|turboshaft)|Parser|Scanner|Bytecode|Compil|Deoptimiz/,
  },
  { name: 'JavaScript, built-ins and interpreter', library: /^node$/, symbol: /^Builtins_/ },
  { name: 'Node, V8 and libuv', library: /^node$/ },
]

const OTHERS = 'libc and others'

/** A row of `--sort dso,symbol`: `    14.54%  node   [.] _aesni_ctr32_ghash_6x`. */
const ROW = /^\s*([\d.]+)%\s+(.+?)\s+\[[.kgux]\]\s+(.*)$/

/** Adds rows up by kind, largest first. Rows of another form are left out. */
export function sharesOf(rows: readonly string[]): Share[] {
  const sums = new Map<string, number>()
  for (const row of rows) {
    const [, percent, library, symbol] = ROW.exec(row) ?? []
    if (percent === undefined || library === undefined || symbol === undefined) continue
    const kind = KINDS.find(
      (each) => each.library.test(library) && (each.symbol?.test(symbol) ?? true),
    )
    const name = kind?.name ?? OTHERS
    sums.set(name, (sums.get(name) ?? 0) + Number(percent) / 100)
  }
  return [...sums]
    .map(([name, share]) => ({ name, share: Math.round(share * 1e4) / 1e4 }))
    .sort((a, b) => b.share - a.share)
}
