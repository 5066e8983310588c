import { INTERVAL_MAX, INTERVAL_MIN } from '#market/window.ts';
import type { ObjectStore } from '#ports/object-store.ts';

import { LOG_FOLDER } from './log-files.ts';

/** Returns the intervals that have a folder in silver, ascending. Lists one object per folder. */
export async function silverIntervals(store: ObjectStore): Promise<number[]> {
  const intervals: number[] = [];
  let startAfter = 'silver/';
  for (let folders = 0; folders < FOLDERS_MAX; folders += 1) {
    const key = await firstKey(store, startAfter);
    if (key === undefined) break;
    const folder = key.slice(0, key.indexOf('/', 'silver/'.length));
    const interval = Number(/^silver\/bars_(\d+)d$/.exec(folder)?.[1]);
    if (interval >= INTERVAL_MIN && interval <= INTERVAL_MAX && key.startsWith(`${folder}/${LOG_FOLDER}/`)) {
      intervals.push(interval);
    }
    // The character after "/", which sorts past everything in this folder.
    startAfter = `${folder}0`;
  }
  return intervals.sort((a, b) => a - b);
}

/** As many folders as there can be tables, plus some that are not ours. */
const FOLDERS_MAX = 1000;

async function firstKey(store: ObjectStore, startAfter: string): Promise<string | undefined> {
  for await (const { key } of store.list('silver/', { startAfter })) return key;
  return undefined;
}
