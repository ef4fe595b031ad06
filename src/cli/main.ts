#!/usr/bin/env node
/**
 * The command `transfer-engine`: arguments in, exit code out.
 */

import { run } from './program.ts'

// Which Node versions the SDK will leave behind is no news for the people at the terminal.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'

process.exitCode = await run(process.argv.slice(2))
