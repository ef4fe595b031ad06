import { expect, it } from 'vitest'
import { sharesOf } from '../../../../bench/harness/perf-shares.ts'

const ROWS = [
  '    14.54%  node                      [.] _aesni_ctr32_ghash_6x',
  '    11.57%  [kernel.kallsyms]         [k] _copy_to_iter',
  '     8.00%  [kernel.kallsyms]         [k] tcp_sendmsg_locked',
  '     5.56%  libc.so.6                 [.] __memmove_avx_unaligned_erms',
  '     1.37%  node                      [.] Builtins_LoadIC',
  '     0.60%  node                      [.] v8::internal::compiler::GraphReducer::ReduceTop',
  '     0.33%  node                      [.] v8::internal::Scavenger::ScavengeObject<v8::internal::FullHeapO…',
  '     0.48%  crc32.linux-x64-gnu.node  [.] 0x000000000001542c',
  '     0.47%  crc32.linux-x64-gnu.node  [.] 0x0000000000015483',
  '     2.80%  [JIT] tid 17276           [.] 0x00007f3c1c0012ab',
  '     0.14%  node                      [.] node::BaseObject::BaseObject',
]

it('adds functions up by what they are for, the dearest first', () => {
  expect(sharesOf(ROWS)).toEqual([
    { name: 'kernel', share: 0.1957 },
    { name: 'encryption and hashes (OpenSSL)', share: 0.1454 },
    { name: 'libc and others', share: 0.0556 },
    { name: 'JavaScript, compiled', share: 0.028 },
    { name: 'JavaScript, built-ins and interpreter', share: 0.0137 },
    { name: 'CRC32', share: 0.0095 },
    { name: 'compilation of JavaScript', share: 0.006 },
    { name: 'garbage collection', share: 0.0033 },
    { name: 'Node, V8 and libuv', share: 0.0014 },
  ])
})

it('leaves out what is no row', () => {
  expect(sharesOf(['', '# Overhead  Shared Object', 'nonsense'])).toEqual([])
})
