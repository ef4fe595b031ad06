/**
 * What is known of stores, one profile each: limits, habits, and what each of that rests on.
 *
 * These fields change what the engine does: `limits` (how uploads are cut),
 * `checksums` (whether uploads bear one nobody asked for, and the hash of a body is signed instead),
 * `pathStyle` (how buckets are addressed), `keysPerDelete` (how removals are asked for),
 * `storageClasses` (which a copy may take over), and PutObjectAcl in `missing` (copies have no ACL then).
 * The rest of `habits` only informs `transfer-engine doctor`: the engine sends equal parts to every store,
 * and finds out by itself whether a listing may be cut. Of `missing` it uses ListObjectVersions alone, when
 * all versions are asked for.
 *
 * A fact that is in no documentation and was not observed is not here: the store then counts as S3.
 * Sources were read 2026-10 and 2026-11. Sizes are bytes.
 */

import { AWS_LIMITS, type StoreLimits } from '../plan/limits.ts'
import { MiB, TiB } from '../units.ts'

export const PROVIDER_NAMES = [
  'aws',
  'r2',
  'gcs',
  'b2',
  'minio',
  'ceph',
  'wasabi',
  'storj',
  'scaleway',
  'oci',
  'ovh',
  'seaweedfs',
  'garage',
  'generic',
] as const

export type ProviderName = (typeof PROVIDER_NAMES)[number]

/** Calls that not every store has. */
export type OptionalCall =
  | 'UploadPartCopy'
  | 'PutObjectTagging'
  | 'PutObjectAcl'
  | 'ListMultipartUploads'
  | 'GetObjectAttributes'
  | 'ListObjectVersions'
  | 'DeleteObjects'

/** What the doctor compares with what it finds. */
export interface StoreHabits {
  /** All parts but the last must have the same size. */
  readonly equalParts: boolean
  /** What If-None-Match and If-Match on writes do; `unknown` where nobody says. */
  readonly conditionalWrites: 'honoured' | 'unknown'
  /** ETag of an upload in parts: MD5 of the MD5s with `-N`, or nobody says. */
  readonly multipartEtag: 'md5-of-parts' | 'unknown'
  /** Largest source of one CopyObject. */
  readonly copyMax: number
  readonly listing: {
    readonly version2: boolean
    readonly startAfter: boolean
    /** Whether `encoding-type=url` is honoured. */
    readonly encodingType: boolean
  }
  readonly missing: readonly OptionalCall[]
}

export interface StoreProfile {
  readonly name: ProviderName
  /** For people. */
  readonly title: string
  /** Endpoints it goes by; absent for software that runs anywhere, which is named by option. */
  readonly hosts?: RegExp | undefined
  readonly limits: StoreLimits
  /**
   * What becomes of `x-amz-checksum-*`. Only where it is `verified` do uploads bear one that nobody asked
   * for; `unproven` where reports contradict each other or releases differ.
   */
  readonly checksums: 'verified' | 'ignored' | 'refused' | 'unproven'
  /** Whether buckets stand in the path unless an option says otherwise. */
  readonly pathStyle: boolean
  /** Most keys of one DeleteObjects; 1 where there is no such call. */
  readonly keysPerDelete: number
  /** Storage classes objects may have; absent where the store's answer decides. */
  readonly storageClasses?: readonly string[] | undefined
  readonly habits: StoreHabits
  readonly sources: readonly string[]
}

const HABITS: StoreHabits = {
  equalParts: false,
  conditionalWrites: 'honoured',
  multipartEtag: 'md5-of-parts',
  copyMax: AWS_LIMITS.singlePutMax,
  listing: { version2: true, startAfter: true, encodingType: true },
  missing: [],
}

/** Where no documentation says how writes depend on what is there, and what an ETag is. */
const UNDOCUMENTED: StoreHabits = {
  ...HABITS,
  conditionalWrites: 'unknown',
  multipartEtag: 'unknown',
}

/** Bounds of most stores: those of S3 before it took objects above 5 TiB. */
const FIVE_TIB: StoreLimits = { ...AWS_LIMITS, objectSizeMax: 5 * TiB }

/** Five decimal gigabytes. Source: Backblaze, "Large files". */
const FIVE_GB = 5_000_000_000

const S3_LIKE = {
  limits: FIVE_TIB,
  checksums: 'unproven',
  pathStyle: false,
  keysPerDelete: 1000,
} as const satisfies Partial<StoreProfile>

/** Every profile by name. */
export const PROFILES: Readonly<Record<ProviderName, StoreProfile>> = {
  aws: {
    ...S3_LIKE,
    name: 'aws',
    title: 'Amazon S3',
    hosts: /(?:^|\.)amazonaws\.com(?:\.cn)?$|\.api\.aws$/,
    limits: AWS_LIMITS,
    checksums: 'verified',
    habits: HABITS,
    sources: ['S3 User Guide: multipart upload limits, checking object integrity, key names'],
  },
  r2: {
    ...S3_LIKE,
    name: 'r2',
    title: 'Cloudflare R2',
    hosts: /\.r2\.cloudflarestorage\.com$/,
    checksums: 'verified',
    habits: {
      ...HABITS,
      equalParts: true,
      missing: ['PutObjectTagging', 'PutObjectAcl', 'ListObjectVersions'],
    },
    sources: [
      'Cloudflare R2: S3 API compatibility, multipart objects, upload objects',
      'aws-sdk-js-v3 #6810: CRC headers were refused until early 2025',
      'opendal #2904, tusd #1137: parts of different sizes are refused at Complete',
    ],
  },
  gcs: {
    ...S3_LIKE,
    name: 'gcs',
    title: 'Google Cloud Storage, XML API',
    hosts: /(?:^|\.)storage\.googleapis\.com$/,
    checksums: 'ignored',
    keysPerDelete: 1,
    habits: {
      ...UNDOCUMENTED,
      missing: ['UploadPartCopy', 'PutObjectTagging', 'GetObjectAttributes', 'DeleteObjects'],
    },
    sources: [
      'Google Cloud Storage: XML API, multipart uploads, interoperability',
      'rclone GCS.yaml: no copy of parts; ClickHouse #49390: no removal of many at once',
      'MinIO’s comparison of APIs: no tags',
      'NVIDIA Multi-Storage Client: checksums (none of S3’s)',
    ],
  },
  b2: {
    ...S3_LIKE,
    name: 'b2',
    title: 'Backblaze B2',
    hosts: /\.backblazeb2\.com$/,
    limits: {
      ...AWS_LIMITS,
      partSizeMax: FIVE_GB,
      objectSizeMax: 10_000_000_000_000,
      singlePutMax: FIVE_GB,
    },
    checksums: 'refused',
    habits: {
      ...UNDOCUMENTED,
      copyMax: FIVE_GB,
      missing: ['PutObjectTagging', 'PutObjectAcl'],
    },
    sources: [
      'Backblaze: S3-Compatible API, large files',
      'home-assistant #143995: "Unsupported header" for checksum headers',
    ],
  },
  minio: {
    ...S3_LIKE,
    name: 'minio',
    title: 'MinIO',
    limits: AWS_LIMITS,
    checksums: 'verified',
    pathStyle: true,
    storageClasses: ['STANDARD', 'REDUCED_REDUNDANCY'],
    habits: { ...HABITS, missing: ['PutObjectAcl'] },
    sources: [
      'MinIO: S3 API compatibility; storage class; checksums in internal/hash/checksum.go',
      'observed, February 2026: any other storage class is refused',
      'minio #20845: releases before February 2025 need --no-checksums',
    ],
  },
  ceph: {
    ...S3_LIKE,
    name: 'ceph',
    title: 'Ceph Object Gateway',
    checksums: 'ignored',
    pathStyle: true,
    habits: { ...HABITS, conditionalWrites: 'unknown', missing: ['GetObjectAttributes'] },
    sources: [
      'Ceph: Object Gateway S3 API',
      'observed, 16.2.15: no checksum is kept or compared; some conditions of writes are ignored',
      'observed, 16.2.15: GetObjectAttributes gives the object',
    ],
  },
  wasabi: {
    ...S3_LIKE,
    name: 'wasabi',
    title: 'Wasabi',
    hosts: /\.wasabisys\.com$/,
    habits: UNDOCUMENTED,
    sources: ['rclone Wasabi.yaml; pingvin-share #788: uploads with checksum headers failed'],
  },
  storj: {
    ...S3_LIKE,
    name: 'storj',
    title: 'Storj',
    hosts: /(?:^|\.)(?:gateway|[a-z]{2}\d)\.storjshare\.io$/,
    limits: { ...FIVE_TIB, partSizeAdvised: 64 * MiB },
    habits: {
      ...UNDOCUMENTED,
      missing: ['UploadPartCopy', 'PutObjectAcl'],
    },
    sources: [
      'Storj: S3 compatibility; multipart part size (one segment per part of 64 MiB)',
      'rclone Storj.yaml: no copy of parts',
    ],
  },
  scaleway: {
    ...S3_LIKE,
    name: 'scaleway',
    title: 'Scaleway Object Storage',
    hosts: /\.scw\.cloud$/,
    limits: { ...AWS_LIMITS, partsMax: 1000, objectSizeMax: 1000 * AWS_LIMITS.partSizeMax },
    habits: UNDOCUMENTED,
    sources: ['rclone Scaleway.yaml: 1,000 parts'],
  },
  oci: {
    ...S3_LIKE,
    name: 'oci',
    title: 'Oracle Cloud Object Storage',
    hosts: /\.(?:oraclecloud|customer-oci)\.com$/,
    limits: { ...AWS_LIMITS, objectSizeMax: 10 * TiB },
    checksums: 'refused',
    pathStyle: true,
    habits: UNDOCUMENTED,
    sources: [
      'Oracle: Amazon S3 Compatibility API',
      'activepieces #14110: only MD5, SHA-256 and CRC32C are taken, no aws-chunked body',
    ],
  },
  ovh: {
    ...S3_LIKE,
    name: 'ovh',
    title: 'OVHcloud Object Storage',
    hosts: /\.cloud\.ovh\.(?:net|us)$/,
    checksums: 'refused',
    habits: UNDOCUMENTED,
    sources: ['ovh public-cloud roadmap #781, icechunk #2109: CRC32 is refused'],
  },
  seaweedfs: {
    ...S3_LIKE,
    name: 'seaweedfs',
    title: 'SeaweedFS',
    pathStyle: true,
    habits: UNDOCUMENTED,
    sources: ['seaweedfs #6517; release notes up to 4.48: checksums of parts differ by release'],
  },
  garage: {
    ...S3_LIKE,
    name: 'garage',
    title: 'Garage',
    checksums: 'verified',
    pathStyle: true,
    habits: {
      ...UNDOCUMENTED,
      missing: ['PutObjectTagging', 'PutObjectAcl', 'GetObjectAttributes', 'ListObjectVersions'],
    },
    sources: ['Garage reference manual: S3 compatibility status (CRC32, CRC32C, SHA-1, SHA-256)'],
  },
  generic: {
    ...S3_LIKE,
    name: 'generic',
    title: 'a store of no known kind',
    limits: AWS_LIMITS,
    // As AWS's own tools have it: a store that takes no checksum says so at the first upload.
    checksums: 'verified',
    habits: HABITS,
    sources: ['none: it counts as S3 itself'],
  },
}
