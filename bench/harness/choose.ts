/** Choosing by names on a command line. Pure. */

/**
 * What `text` names, a list with commas: each item is a name, or else the start of some.
 *
 * @throws Error for an item that is neither.
 */
export function chooseByName<T extends { readonly name: string }>(
  text: string,
  all: readonly T[],
): T[] {
  const chosen = new Set<T>()
  for (const item of itemsOf(text)) {
    const exact = all.filter(({ name }) => name === item)
    const found = exact.length > 0 ? exact : all.filter(({ name }) => name.startsWith(item))
    if (found.length === 0) throw new Error(`Nothing is named ${item}, or begins so`)
    for (const each of found) chosen.add(each)
  }
  return all.filter((each) => chosen.has(each))
}

/** Items of a list with commas, without blanks around them. */
export function itemsOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}
