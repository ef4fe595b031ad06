/**
 * The server of the benchmark in a process of its own. The first message it sends is its
 * `ServerAddress`; then it answers requests (see `control.ts`) until its parent lets go of it.
 */

import { startBenchServer } from './bench-server.ts'
import { answerControl, type ControlRequest } from './control.ts'

// Ctrl-C reaches every process of the terminal; the runner ends this one when it is done.
process.on('SIGINT', () => undefined)

const server = await startBenchServer()

process.on('message', (request) => {
  process.send?.(answerControl(server, request as ControlRequest))
})
process.once('disconnect', () => {
  void server.close()
})
process.once('SIGTERM', () => {
  void server.close().then(() => process.exit())
})
process.send?.(server.address)
