/** Versity's gateway over a directory; attributes of objects lie in extended attributes of files. */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { goModuleVersion } from '../programs.ts'
import { randomKeys, type StoreKind } from '../store-kind.ts'

export const versitygw: StoreKind = {
  name: 'versitygw',
  title: 'versitygw',
  program: 'versitygw',
  install: 'go install github.com/versity/versitygw/cmd/versitygw@latest',
  ports: 1,
  region: 'us-east-1',
  version: (program) => goModuleVersion(program, 'github.com/versity/versitygw'),
  makeKeys: randomKeys,
  launch: async ({ dir, ports: [port], keys, region }) => {
    const data = join(dir, 'data')
    await mkdir(data)
    return {
      args: ['--port', `127.0.0.1:${port}`, '--region', region, '--quiet', 'posix', data],
      env: { ROOT_ACCESS_KEY: keys.accessKeyId, ROOT_SECRET_KEY: keys.secretAccessKey },
    }
  },
}
