/**
 * What a dry run says of the whole: objects and bytes each way, and the requests it would take at the
 * least, by the classes stores ask a price for. Every request is counted as if it succeeded at once.
 */

import { SINGLE_PUT_SIZE_MAX } from '../plan/limits.ts'
import { planDownload } from '../plan/download-plan.ts'
import { SMALL_FILE_MAX } from '../plan/memory-budget.ts'
import type { StoreLimits } from '../plan/limits.ts'
import { choosePartSize } from '../plan/part-size.ts'
import { planUpload } from '../plan/upload-plan.ts'
import { partsInEtag } from '../store/etag.ts'
import type { TreeAction } from './outcome.ts'
import { DELETE_BATCH } from './run-actions.ts'

/** Requests that share an object while nothing is known of the store. Source: none, as in a transfer. */
const IN_FLIGHT = 32

/**
 * Requests by class: `PUT` with parts and what opens and ends them, `GET`, `HEAD`, `LIST`, and `DELETE`
 * of up to 1,000 objects.
 */
export type RequestClass = 'PUT' | 'GET' | 'HEAD' | 'LIST' | 'DELETE'

/** What a dry run found would be done. */
export interface TreePlan {
  readonly uploads: number
  readonly downloads: number
  readonly copies: number
  /** Of objects or files. */
  readonly deletions: number
  /** Of uploads and downloads: those whose source is removed. */
  readonly moves: number
  readonly bytesUp: number
  readonly bytesDown: number
  readonly bytesCopied: number
  readonly requests: Readonly<Record<RequestClass, number>>
}

/** How objects are cut, where that was said, and what the store accepts. Bytes. */
export interface PartSizes {
  readonly partSize?: number | undefined
  readonly multipartThreshold?: number | undefined
  readonly limits?: StoreLimits | undefined
  /** What copies take over that takes a request to ask for. */
  readonly carry?: readonly unknown[] | undefined
}

export class PlanSums {
  #uploads = 0
  #downloads = 0
  #copies = 0
  #deletions = 0
  #objectsDeleted = 0
  #moves = 0
  /** Objects that are removed by a request each: sources of moves, and those a marker is put over. */
  #removedSingly = 0
  #bytesUp = 0
  #bytesDown = 0
  #bytesCopied = 0
  readonly #requests = { PUT: 0, GET: 0, HEAD: 0, LIST: 0, DELETE: 0 }

  /** @param relayed whether the bytes of copies come through here */
  add(action: TreeAction, sizes: PartSizes, relayed = false): void {
    const { operation, path, size, move, reason } = action
    if (move === true) this.#moves += 1
    if (move === true && operation !== 'upload') this.#removedSingly += 1
    switch (operation) {
      case 'upload':
        this.#uploads += 1
        this.#bytesUp += size
        this.#addUpload(size, sizes)
        return
      case 'download':
        this.#downloads += 1
        this.#bytesDown += size
        this.#addDownload(size, sizes)
        return
      case 'copy':
        this.#copies += 1
        this.#bytesCopied += size
        this.#addCopy(action, sizes, relayed)
        return
      case 'delete':
        this.#deletions += 1
        if (reason === 'marker') this.#removedSingly += 1
        else if (path === undefined) this.#objectsDeleted += 1
    }
  }

  /** With what it took to find that out, which it takes again. */
  total(looked: {
    readonly pages: number
    readonly heads: number
    /** Most objects the store removes by one request. @default 1,000 */
    readonly keysPerDelete?: number
  }): TreePlan {
    const { PUT, GET, HEAD } = this.#requests
    const perRequest = Math.min(looked.keysPerDelete ?? DELETE_BATCH, DELETE_BATCH)
    const DELETE = Math.ceil(this.#objectsDeleted / perRequest) + this.#removedSingly
    return {
      uploads: this.#uploads,
      downloads: this.#downloads,
      copies: this.#copies,
      deletions: this.#deletions,
      moves: this.#moves,
      bytesUp: this.#bytesUp,
      bytesDown: this.#bytesDown,
      bytesCopied: this.#bytesCopied,
      requests: { PUT, GET, HEAD: HEAD + looked.heads, LIST: looked.pages, DELETE },
    }
  }

  #addUpload(size: number, sizes: PartSizes): void {
    const { multipartThreshold, limits } = sizes
    const partSize = sizes.partSize ?? Math.max(chosen(size), limits?.partSizeAdvised ?? 0)
    const plan = planUpload({ size, partSize, multipartThreshold, limits })
    // Parts are opened, completed and looked at.
    this.#requests.PUT += plan.kind === 'single' ? 1 : plan.parts + 2
    this.#requests.HEAD += plan.kind === 'single' ? 0 : 1
  }

  /**
   * Both sides are looked at, but for small objects that were listed and are relayed; the store copies an
   * object of any size it takes in one piece.
   */
  #addCopy({ size, sourceEtag }: TreeAction, sizes: PartSizes, relayed: boolean): void {
    const { carry = [] } = sizes
    if (carry.includes('acl')) this.#requests.GET += 1
    if (!relayed) {
      this.#requests.HEAD += 2
      this.#requests.PUT += Math.max(1, Math.ceil(size / SINGLE_PUT_SIZE_MAX))
      return
    }
    const { partSize = chosen(size), multipartThreshold } = sizes
    const plan = planUpload({ size, partSize, multipartThreshold })
    const isListed = sourceEtag !== undefined && partsInEtag(sourceEtag) === 0
    const isPlain = isListed && carry.length === 0
    const isSmall = size <= SMALL_FILE_MAX && plan.kind === 'single'
    this.#requests.HEAD += isSmall && isPlain ? 0 : 2
    this.#requests.PUT += plan.kind === 'single' ? 1 : plan.parts + 2
    this.#requests.GET += plan.kind === 'single' ? 1 : plan.parts
  }

  #addDownload(size: number, { partSize }: PartSizes): void {
    const isSmall = size <= SMALL_FILE_MAX && (partSize ?? SMALL_FILE_MAX) >= SMALL_FILE_MAX
    const plan = planDownload({ size, partSize: partSize ?? chosen(size) })
    this.#requests.GET += plan.kind === 'ranges' ? plan.parts : 1
    this.#requests.HEAD += isSmall ? 0 : 1
  }
}

function chosen(size: number): number {
  return choosePartSize({ size, inFlight: IN_FLIGHT })
}
