import type { InstantMs } from '#base/dates.ts';
import { liveTag } from '../read/live-part.ts';
import type { LiveReadDeps } from '../read/read-deps.ts';
import type { LakeView } from '../read/view.ts';
import { type AnswerDeps, answer } from './answer.ts';
import { type Serving, type ServingContext, viewAt } from './serving.ts';
import type { Rendering } from './table-format.ts';

/** Parts of the server that an answer from bars needs, stored or live. */
export type MarketAnswerDeps = AnswerDeps & LiveReadDeps & Pick<Serving, 'views'>;

/** Responds with JSON made from all symbols, the live bars of any of them included; as of an instant where one is given. */
export async function answerFromMarket(
  c: ServingContext,
  serving: MarketAnswerDeps,
  request: {
    readonly asOfMs: InstantMs | undefined;
    readonly uses: readonly string[];
    readonly rendering?: Rendering | undefined;
    readonly make: (view: LakeView, requestId: string) => Promise<unknown>;
  },
): Promise<Response> {
  const { asOfMs, uses, rendering, make } = request;
  const view = await viewAt(c, serving, asOfMs);
  const also = await liveTag(serving, view);
  return answer(c, serving, { view, uses, also, rendering, make: (requestId) => make(view, requestId) });
}
