import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ShardLog } from '../../../src/queue/shard-log.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const directory = useTemporaryDirectory()
const path = () => join(directory(), 'shards.ndjson')
const shard = (index: number) => ({
  index,
  after: index === 0 ? undefined : `n${index - 1}`,
  upTo: `n${index}`,
  objects: 1,
  bytes: 2,
})

describe('the log of shards', () => {
  it('is gone on with: what is open, what was cut last, and under the same name', async () => {
    const first = await ShardLog.open(directory())
    for (const index of [0, 1, 2]) await first.cut(shard(index))
    await first.took('1-0', [1])
    await first.close(false)
    const again = await ShardLog.open(directory())
    expect(again.id).toBe(first.id)
    expect([...again.open.values()]).toEqual([shard(0), shard(2)])
    expect(again.last).toEqual(shard(2))
    expect(again.isWhole).toBe(false)
    await again.whole()
    await again.close(false)
    const last = await ShardLog.open(directory())
    expect(last.isWhole).toBe(true)
    await last.close(true)
    expect(existsSync(path())).toBe(false)
  })

  it('begins anew after one that is over', async () => {
    const first = await ShardLog.open(directory())
    await first.close(true)
    const second = await ShardLog.open(directory())
    expect(second.id).not.toBe(first.id)
    await second.close(true)
  })

  it('passes over a last line that a kill has cut', async () => {
    const first = await ShardLog.open(directory())
    await first.cut(shard(0))
    await first.close(false)
    appendFileSync(path(), '{"taken":')
    const again = await ShardLog.open(directory())
    expect([...again.open.keys()]).toEqual([0])
    await again.took('1-0', [0])
    await again.close(false)
    const last = await ShardLog.open(directory())
    expect(last.open.size).toBe(0)
    await last.close(false)
  })

  it('is for its owner alone', async () => {
    const log = await ShardLog.open(directory())
    expect(statSync(path()).mode & 0o777).toBe(0o600)
    expect(readFileSync(path(), 'utf8')).toBe(`{"id":"${log.id}"}\n`)
    await log.close(false)
  })
})
