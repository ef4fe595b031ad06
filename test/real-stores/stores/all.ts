/** Every kind of store there is a way to start. */

import type { StoreKind } from '../store-kind.ts'
import { minio } from './minio.ts'
import { rclone } from './rclone.ts'
import { seaweedfs } from './seaweedfs.ts'
import { versitygw } from './versitygw.ts'

export const STORE_KINDS: readonly StoreKind[] = [minio, rclone, seaweedfs, versitygw]
