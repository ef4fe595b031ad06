#!/usr/bin/env node
/**
 * The command `transfer-engine`: arguments in, exit code out.
 *
 * `--version` is answered here, and nothing is loaded for it. The only file in CommonJS, because
 * Node's loader for modules costs 5 ms of CPU before the first of them runs; and written past
 * `process.stdout`, which costs another 3. Everything else is for the program.
 */

function main(argv: readonly string[]): void {
  const isVersion = argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')
  if (!isVersion || !tryPrintVersion()) void runProgram(argv)
}

/** Whether it could be written; if not, the program knows what to say. */
function tryPrintVersion(): boolean {
  const { writeSync } = process.getBuiltinModule('node:fs')
  // As seen from `dist/src/cli`.
  const { version } = require('../../../package.json') as { readonly version: string }
  try {
    writeSync(1, `${version}\n`)
    return true
  } catch {
    return false
  }
}

async function runProgram(argv: readonly string[]): Promise<void> {
  // Which Node versions the SDK will leave behind is no news for the people at the terminal.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
  const { run } = await import('./program.ts')
  process.exitCode = await run(argv)
}

main(process.argv.slice(2))
