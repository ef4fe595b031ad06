/**
 * undici's Client without the rest of undici: a thread that needs neither fetch nor caches nor
 * WebSockets starts with 85 ms of CPU less. undici publishes no `exports` map, so the file may be
 * named; the version is pinned, and a test fails should the file ever be elsewhere.
 */

import { createRequire } from 'node:module'
import type { Client as UndiciClient } from 'undici'

const require = createRequire(import.meta.url)

export const Client = require('undici/lib/dispatcher/client.js') as typeof UndiciClient
export type Client = UndiciClient
