import type { InstantMs } from '#base/dates.ts';
import { liveTag } from '../read/live-part.ts';
import type { LakeView } from '../read/view.ts';
import { answer } from './answer.ts';
import type { Serving, ServingContext } from './serving.ts';

/** Responds with JSON made from all symbols, the live bars of any of them included; as of an instant where one is given. */
export async function answerFromMarket(
  c: ServingContext,
  serving: Serving,
  request: {
    readonly asOfMs: InstantMs | undefined;
    readonly uses: readonly string[];
    readonly make: (view: LakeView, requestId: string) => Promise<unknown>;
  },
): Promise<Response> {
  const { asOfMs, uses, make } = request;
  const view = await serving.views.at(asOfMs);
  const also = await liveTag(serving, view);
  return answer(c, serving, { view, uses, also, make: (requestId) => make(view, requestId) });
}
