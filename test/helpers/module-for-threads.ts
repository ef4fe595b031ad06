/**
 * A module of ours for a thread of a unit test: a thread of Node reads no TypeScript. Its imports
 * from files beside it, or above, are written into it.
 */

import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createViteServer } from 'vitest/node'

type Server = Awaited<ReturnType<typeof createViteServer>>

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** URL to import in a thread. @param file from the root of the project */
export async function moduleForThreads(file: string): Promise<string> {
  const server = await createViteServer({
    configFile: false,
    logLevel: 'silent',
    server: { middlewareMode: true, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
  })
  try {
    return await urlOf(server, resolve(ROOT, file))
  } finally {
    await server.close()
  }
}

async function urlOf(server: Server, path: string): Promise<string> {
  let code = (await server.transformRequest(path))?.code ?? ''
  for (const [clause = '', target = ''] of code.matchAll(/from\s+"([^"]+\.ts)"/g)) {
    const file = target.startsWith('/src/') ? `.${target}` : target
    const url = await urlOf(server, resolve(file.startsWith('./src/') ? ROOT : dirname(path), file))
    code = code.replace(clause, `from ${JSON.stringify(url)}`)
  }
  return `data:text/javascript,${encodeURIComponent(code)}`
}
