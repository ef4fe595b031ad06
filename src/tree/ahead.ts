/**
 * Work on the items of a sequence, some of them ahead of the one whose result is wanted, in order.
 */

/**
 * @param count items at work at once
 * @param work must end by itself when nobody wants its result any more
 */
export async function* ahead<T, R>(
  items: AsyncIterable<T>,
  count: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, void> {
  const iterator = items[Symbol.asyncIterator]()
  const begun: Promise<R>[] = []
  let isAtEnd = false
  let pull: Promise<void> | undefined
  const pullOne = async (): Promise<void> => {
    const { done, value } = await iterator.next()
    pull = undefined
    if (done === true) {
      isAtEnd = true
      return
    }
    const result = work(value)
    // It is looked at in its turn, or never.
    result.catch(ignore)
    begun.push(result)
  }
  try {
    for (;;) {
      if (!isAtEnd && pull === undefined && begun.length < count) {
        pull = pullOne()
        pull.catch(ignore)
      }
      const first = begun[0]
      if (first === undefined) {
        if (isAtEnd) return
        await pull
      } else if (pull === undefined || (await isFirst(first, pull))) {
        void begun.shift()
        yield await first
      }
    }
  } finally {
    const closed = iterator.return?.()
    // One that is waited for may never give anything more.
    if (pull === undefined) await closed
    else closed?.catch(ignore)
  }
}

/** Whether the first of two is there before the other, however it ended. */
function isFirst(first: Promise<unknown>, other: Promise<unknown>): Promise<boolean> {
  const [yes, no] = [() => true, () => false]
  return Promise.race([first.then(yes, yes), other.then(no, no)])
}

function ignore(): void {
  // Told where it is awaited.
}
