/**
 * An answer that is no success → the error it stands for.
 */

import type { ErrorContext, TransferError } from '../src/errors.ts'
import { classifyResponse } from '../src/store/classify.ts'
import { parseErrorBody } from '../src/store/error-body.ts'
import type { StoreRoute } from '../src/store/types.ts'
import type { ExchangeAnswer } from './exchange.ts'

export function failedAnswer(
  answer: ExchangeAnswer,
  route: StoreRoute,
  context: ErrorContext,
): TransferError {
  const body = parseErrorBody(answer.text)
  return classifyResponse(
    {
      status: answer.status,
      headers: answer.headers,
      storeCode: body?.code,
      message: body?.message,
      region: body?.region,
      requestId: body?.requestId,
      header: body?.header,
      timeMs: Date.now(),
      signing: { region: route.signing?.region, clockOffsetMs: route.clockOffsetMs },
    },
    context,
  )
}
