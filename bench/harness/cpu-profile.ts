/**
 * What V8's sampling profiler wrote, as a tree of times and as tables of self time. Times are
 * microseconds that passed, not CPU time: a thread that waits is `(idle)`, and left out. Pure.
 */

/** A `.cpuprofile` file, as far as it is read. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: CallFrame
    readonly children?: readonly number[]
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

export interface CallFrame {
  readonly functionName: string
  /** A file URL, `node:…`, or nothing for what is not JavaScript. */
  readonly url: string
  /** 0-based. */
  readonly lineNumber: number
}

/** A function, as called along one path from the top. */
export interface StackNode {
  readonly frame: CallFrame
  /** Time in the function itself, and with all that it called. */
  self: number
  total: number
  readonly children: Map<string, StackNode>
}

/** A row of a table of self time. */
export interface SelfTime {
  readonly name: string
  readonly where: string
  readonly micros: number
}

const IDLE = '(idle)'
const ROOT: CallFrame = { functionName: '(root)', url: '', lineNumber: 0 }

/** Merges the profiles of some threads, without the time in which they waited. */
export function stackOf(profiles: readonly CpuProfile[]): StackNode {
  const root = newNode(ROOT)
  for (const profile of profiles) addProfile(root, profile)
  sumUp(root)
  return root
}

function addProfile(root: StackNode, { nodes, samples, timeDeltas }: CpuProfile): void {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const micros = new Map<number, number>()
  samples.forEach((id, index) => {
    // A delta is the time since the sample before; what a sample saw lasted until the next.
    micros.set(id, (micros.get(id) ?? 0) + Math.max(0, timeDeltas[index + 1] ?? 0))
  })
  const walk = (id: number, into: StackNode): void => {
    const node = byId.get(id)
    if (node === undefined || node.callFrame.functionName === IDLE) return
    into.self += micros.get(id) ?? 0
    for (const child of node.children ?? []) {
      const frame = byId.get(child)?.callFrame
      if (frame !== undefined && frame.functionName !== IDLE) walk(child, childOf(into, frame))
    }
  }
  const [top] = nodes
  if (top !== undefined) walk(top.id, root)
}

function childOf(parent: StackNode, frame: CallFrame): StackNode {
  const name = keyOf(frame)
  const known = parent.children.get(name) ?? newNode(frame)
  parent.children.set(name, known)
  return known
}

function newNode(frame: CallFrame): StackNode {
  return { frame, self: 0, total: 0, children: new Map() }
}

function sumUp(node: StackNode): number {
  node.total = node.self
  for (const child of node.children.values()) node.total += sumUp(child)
  return node.total
}

/** Self time of each function, the longest first. */
export function byFunction(root: StackNode): SelfTime[] {
  return tableOf(root, (frame) => ({ name: nameOf(frame), where: placeOf(frame) }))
}

/** Self time of each group of files, the longest first. */
export function byGroup(root: StackNode): SelfTime[] {
  return tableOf(root, (frame) => ({ name: groupOf(frame), where: '' }))
}

function tableOf(
  root: StackNode,
  label: (frame: CallFrame) => Omit<SelfTime, 'micros'>,
): SelfTime[] {
  const rows = new Map<string, SelfTime>()
  const walk = ({ frame, self, children }: StackNode): void => {
    const { name, where } = label(frame)
    const key = `${name} ${where}`
    if (self > 0) rows.set(key, { name, where, micros: (rows.get(key)?.micros ?? 0) + self })
    for (const child of children.values()) walk(child)
  }
  walk(root)
  return [...rows.values()].sort((a, b) => b.micros - a.micros)
}

/** Whose code it is. Functions without a file are V8's and Node's own, in C++. */
export function groupOf({ functionName, url }: CallFrame): string {
  if (functionName === '(garbage collector)') return 'garbage collector'
  if (functionName === '(program)' || functionName === '(root)')
    return 'native, outside of JavaScript'
  if (url === '') return 'native functions called'
  if (url.startsWith('node:')) return 'Node'
  const dependency = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]
  if (dependency !== undefined) return dependency
  const ours = /\/(?:dist\/)?(src|workers|bench)\//.exec(url)?.[1]
  return ours === undefined ? 'other files' : `ours: ${ours}`
}

export function nameOf({ functionName }: CallFrame): string {
  return functionName === '' ? '(anonymous)' : functionName
}

/** `workers/exchange.js:42`, `undici/lib/core/util.js:7`, `node:net:120` */
export function placeOf({ url, lineNumber }: CallFrame): string {
  if (url === '') return ''
  const short = url
    .replace(/^file:\/\//, '')
    .replace(/^.*\/node_modules\//, '')
    .replace(/^.*\/(?=(?:src|workers|bench)\/)/, '')
  return `${short}:${lineNumber + 1}`
}

function keyOf({ functionName, url, lineNumber }: CallFrame): string {
  return `${functionName} ${url} ${lineNumber}`
}
