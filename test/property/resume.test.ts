/**
 * Crash and resume as a state machine: whatever happens in whatever order, the end is one correct
 * object of ours, nothing is left open, and no part was sent twice but those that were in flight
 * when the uploader died.
 */

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PARTS, World } from './resume-world.ts'

/** What the commands may depend on; the rest is in the world. */
interface Model {
  isRunning: boolean
}

type Command = fc.Command<Model, World>

/** A command that needs an uploader, or that there is none. */
function command(name: string, needs: 'running' | 'dead' | 'any', act: (world: World) => void) {
  const made: Command = {
    check: (model) => needs === 'any' || model.isRunning === (needs === 'running'),
    run: (model, world) => {
      if (world.isDone) return
      act(world)
      expect(sentTooOften(world)).toEqual([])
      model.isRunning = world.uploader !== undefined
    },
    toString: () => name,
  }
  return made
}

const index = fc.nat({ max: 5 })
const COMMANDS = [
  fc.constant(command('start', 'dead', (world) => world.start())),
  fc.constant(command('create', 'running', (world) => createOnce(world))),
  fc.constant(command('createAnswered', 'running', (world) => world.createAnswered())),
  fc.constant(command('send', 'running', (world) => world.send())),
  fc.constant(command('work', 'running', (world) => work(world))),
  index.map((at) => command(`arrive ${at}`, 'any', (world) => world.arrive(at))),
  index.map((at) => command(`answer ${at}`, 'running', (world) => world.answer(at))),
  fc.constant(command('flush', 'running', (world) => world.flush())),
  fc.constant(command('complete', 'running', (world) => world.complete())),
  fc.constant(command('work and complete', 'running', (world) => workAndComplete(world))),
  fc.constant(command('completeAnswered', 'running', (world) => world.completeAnswered())),
  fc
    .nat({ max: 400 })
    .map((kept) => command(`crash ${kept}`, 'running', (world) => world.crash(kept))),
  fc.constant(command('changeSource', 'dead', (world) => world.changeSource())),
  fc.constant(command('expire', 'dead', (world) => world.expire())),
  fc.constant(command('foreignPut', 'dead', (world) => world.foreignPut())),
]

describe('an upload that is killed and run again', () => {
  it('ends in one correct object, and sends nothing twice that was not in flight', () => {
    let resumed = 0
    let sentComplete = 0
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.commands(COMMANDS, { maxCommands: 60, size: 'max' }),
        (hasChecksums, commands) => {
          const world = new World(hasChecksums)
          fc.modelRun(() => ({ model: { isRunning: false }, real: world }), commands)
          if (world.journal !== undefined) resumed += 1
          if (world.journal?.includes('"completing"') === true) sentComplete += 1
          runToTheEnd(world)
          expect(world.store.object?.body).toBe(world.source)
          expect(world.store.object?.token).not.toBe('another writer')
          expect([...world.store.uploads.keys()].filter((id) => !world.unheard.has(id))).toEqual([])
          expect(world.journal).toBeUndefined()
        },
      ),
      { numRuns: 500 },
    )
    // The commands do lead to where it matters.
    expect(resumed).toBeGreaterThan(100)
    expect(sentComplete).toBeGreaterThan(10)
  })
})

/** No more mishaps: what is under way arrives, and who died is started again. */
function runToTheEnd(world: World): void {
  const wasDone = world.isDone
  for (let round = 0; !world.isDone && round < 100; round += 1) {
    if (world.uploader === undefined) world.start()
    workAndComplete(world)
    while (world.flying.length > 0) world.arrive(0)
    world.completeAnswered()
    expect(sentTooOften(world)).toEqual([])
  }
  expect(world.isDone).toBe(true)
  // A commanded end may have been followed by what the store still had under way.
  if (wasDone) while (world.flying.length > 0) world.arrive(0)
}

/** All that comes before Complete, unless the uploader dies of it. */
function work(world: World): void {
  createOnce(world)
  world.createAnswered()
  for (let part = 1; part <= PARTS; part += 1) world.send()
  while (world.flying.length > 0) world.arrive(0)
  while (world.arrived.length > 0) world.answer(0)
}

function workAndComplete(world: World): void {
  work(world)
  world.complete()
}

function createOnce(world: World): void {
  const { uploader } = world
  if (uploader?.uploadId === undefined && uploader?.created === undefined) world.create()
}

/** Parts that were sent more often than once, and once for each time they were lost in flight. */
function sentTooOften(world: World): number[] {
  const parts = Array.from({ length: PARTS }, (_, at) => at + 1)
  return parts.filter(
    (part) => (world.sent.get(part) ?? 0) > 1 + (world.lostInFlight.get(part) ?? 0),
  )
}
