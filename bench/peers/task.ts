/** A peer at a task of trees instead of at copying. */

import type { Peer, TaskName } from './peer.ts'

const WORDS: Readonly<Record<TaskName, string>> = {
  sync: 'has no sync of its own',
  list: 'has no command that lists',
  relay: 'takes one store and one identity at a time',
}

/** The same program for that task; one that cannot do it refuses all of its jobs. */
export function atTask(peer: Peer, name: TaskName): Peer {
  const task = peer.tasks?.[name]
  if (task === undefined) return { ...peer, refuses: () => WORDS[name] }
  return { ...peer, refuses: () => undefined, settings: task.settings, command: task.command }
}
