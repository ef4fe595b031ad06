/** Every case of the engine on a real store. */

import type { EngineCase } from './case.ts'
import { KEY_CASES } from './keys.ts'
import { OBJECT_CASES } from './objects.ts'
import { RESUME_CASES } from './resume.ts'
import { TREE_CASES } from './trees.ts'

export const ENGINE_CASES: readonly EngineCase[] = [
  ...OBJECT_CASES,
  ...KEY_CASES,
  ...TREE_CASES,
  ...RESUME_CASES,
]
