/** MinIO, one drive. */

import { join } from 'node:path'
import { goModuleVersion } from '../programs.ts'
import { randomKeys, type StoreKind } from '../store-kind.ts'

export const minio: StoreKind = {
  name: 'minio',
  title: 'MinIO',
  program: 'minio',
  install: 'go install github.com/minio/minio@latest',
  ports: 2,
  region: 'us-east-1',
  version: (program) => goModuleVersion(program, 'github.com/minio/minio'),
  makeKeys: randomKeys,
  launch: async ({ dir, ports: [port, console], keys }) => ({
    args: [
      ['server', join(dir, 'data'), '--quiet', '--certs-dir', join(dir, 'certs')],
      ['--address', `127.0.0.1:${port}`, '--console-address', `127.0.0.1:${console}`],
    ].flat(),
    env: {
      MINIO_ROOT_USER: keys.accessKeyId,
      MINIO_ROOT_PASSWORD: keys.secretAccessKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
    },
  }),
}
