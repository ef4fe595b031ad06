import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { JobJournal } from '../../../src/journal/job-journal.ts'
import { urlOfPlace } from '../../../src/journal/identities.ts'
import { journalsDirectory } from '../../../src/journal/state-directory.ts'
import { JournalCourier } from '../../../src/queue/journal-courier.ts'
import { useTemporaryDirectory } from '../../helpers/temporary-directory.ts'
import { PLACE, UPLOAD } from '../journal/journal-fixture.ts'

const CREATED = { type: 'created', uploadId: 'u-1' } as const

const directory = useTemporaryDirectory()

/** A Redis with one hash. */
function redis() {
  const hash = new Map<string, Buffer>()
  const client = {
    hset: async (_: string, name: string, bytes: Buffer) => void hash.set(name, bytes),
    hdel: async (_: string, ...names: string[]) => names.forEach((name) => hash.delete(name)),
    hgetallBuffer: async () => Object.fromEntries(hash),
    expire: async () => 1,
  }
  return { hash, client: client as never }
}

/** A worker with a disk of its own. */
async function worker(name: string, client: never) {
  const stateDirectory = join(directory(), name)
  await mkdir(stateDirectory, { mode: 0o700 })
  const restored: string[] = []
  const courier = new JournalCourier({
    client,
    key: 'journals',
    stateDirectory,
    isOurs: ({ bucket, key }) => bucket === 'old' && key.startsWith('a/'),
    onRestored: (each) => restored.push(each),
  })
  const journals = () => readdir(journalsDirectory(stateDirectory))
  return { stateDirectory, courier, restored, journals }
}

async function copyOf(stateDirectory: string, key: string): Promise<JobJournal> {
  const from = { ...PLACE, bucket: 'old', key }
  const path = urlOfPlace(from)
  const place = { ...PLACE, key: `copy of ${key}` }
  const journal = await JobJournal.open(
    stateDirectory,
    { direction: 'upload', place, path },
    () => undefined,
  )
  await journal.start([{ ...UPLOAD, place, path, from }])
  await journal.appendDurably(CREATED)
  return journal
}

describe('journals of a shard', () => {
  it('go to another worker, with what was written since, for its owner alone', async () => {
    const { hash, client } = redis()
    const first = await worker('first', client)
    const journal = await copyOf(first.stateDirectory, 'a/large')
    await first.courier.ship()
    const before = hash.get(journal.id)?.length ?? 0
    await journal.appendDurably({ type: 'part', part: 1, size: 5, etag: '"e"', digest: 'AAAAAA==' })
    await first.courier.ship()
    expect(hash.get(journal.id)?.length).toBeGreaterThan(before)
    const second = await worker('second', client)
    await second.courier.restore()
    expect(second.restored).toEqual([journal.id])
    expect(await second.journals()).toEqual([`${journal.id}.journal`])
    const path = (state: string) => join(journalsDirectory(state), `${journal.id}.journal`)
    expect((await stat(path(second.stateDirectory))).mode & 0o777).toBe(0o600)
    const [mine, its] = [path(first.stateDirectory), path(second.stateDirectory)].map((each) =>
      readFile(each, 'utf8'),
    )
    expect(await its).toBe(await mine)
    await journal.close()
  })

  it('are gone from Redis when they are gone from the disk', async () => {
    const { hash, client } = redis()
    const { stateDirectory, courier } = await worker('first', client)
    const journal = await copyOf(stateDirectory, 'a/large')
    await courier.ship()
    expect(hash.size).toBe(1)
    await journal.end()
    await courier.ship()
    expect(hash.size).toBe(0)
  })

  it('of other shards, and what is no journal, stay where they are', async () => {
    const { hash, client } = redis()
    const { stateDirectory, courier, restored, journals } = await worker('first', client)
    const other = await copyOf(stateDirectory, 'b/large')
    await courier.ship()
    expect(hash.size).toBe(0)
    hash.set('../escape', Buffer.from('x'))
    await courier.restore()
    expect(restored).toEqual([])
    await other.close()
    await courier.end()
    expect(await journals()).toEqual([`${other.id}.journal`])
  })

  it('do not take the place of what this worker has', async () => {
    const { hash, client } = redis()
    const { stateDirectory, courier, restored } = await worker('first', client)
    const journal = await copyOf(stateDirectory, 'a/large')
    hash.set(journal.id, Buffer.from('older'))
    await courier.restore()
    expect(restored).toEqual([])
    await courier.ship()
    expect(hash.get(journal.id)?.toString()).not.toBe('older')
    await journal.close()
  })

  it('that nobody needed are removed when the shard is done', async () => {
    const { hash, client } = redis()
    const first = await worker('first', client)
    const journal = await copyOf(first.stateDirectory, 'a/large')
    await first.courier.ship()
    const second = await worker('second', client)
    await second.courier.restore()
    await second.courier.end()
    expect(await second.journals()).toEqual([])
    expect(hash.size).toBe(0)
    await journal.close()
  })
})
