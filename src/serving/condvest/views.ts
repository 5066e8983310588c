import type { InstantMs } from '#base/dates.ts';
import type { Serving } from '../http/serving.ts';
import type { LakeView } from '../view.ts';

/** The state of the lake that a request is answered from: that of an instant, or the newest. */
export function viewAt(serving: Serving, asOfMs: InstantMs | undefined): Promise<LakeView> {
  return asOfMs === undefined ? serving.views.current() : serving.views.asOf(asOfMs);
}
