import { type ReadonlySignal, useSignal, useSignalEffect } from '@preact/signals';
import { useCallback, useEffect } from 'preact/hooks';
import { ApiError, isAbort } from '../api/client.ts';
import { dataVersion } from './status.ts';

/** Something of the server as a view has it: the last answer stays in sight while the next one is on its way. */
export interface Resource<T> {
  readonly data: T | undefined;
  /** `data` answers an earlier question. */
  readonly isOld: boolean;
  readonly isLoading: boolean;
  readonly error: ApiError | undefined;
  readonly retry: () => void;
}

interface Held<T> {
  readonly key: string | undefined;
  readonly data: T | undefined;
  readonly isLoading: boolean;
  readonly error: ApiError | undefined;
}

/**
 * Loads what `key` names, again when the key or the lake's data changes, and gives up what nobody waits for any more.
 * No key: nothing is loaded. `load` is called with the key of its render, so it may close over that render's values.
 */
export function useResource<T>(key: string | undefined, load: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const held = useSignal<Held<T>>({ key: undefined, data: undefined, isLoading: key !== undefined, error: undefined });
  const tries = useSignal(0);
  const seen = useVersion(dataVersion);
  const attempt = tries.value;

  // `load` is made anew by each render; the key stands for it.
  useEffect(() => {
    if (key === undefined) return;
    const abort = new AbortController();
    held.value = { ...held.peek(), isLoading: true, error: undefined };
    load(abort.signal).then(
      (data) => {
        if (!abort.signal.aborted) held.value = { key, data, isLoading: false, error: undefined };
      },
      (error: unknown) => {
        if (abort.signal.aborted || isAbort(error)) return;
        held.value = { ...held.peek(), isLoading: false, error: asApiError(error) };
      },
    );
    return () => abort.abort();
  }, [key, attempt, seen]);

  const retry = useCallback(() => {
    tries.value += 1;
  }, [tries]);
  const { data, isLoading, error } = held.value;
  return { data, isOld: held.value.key !== key, isLoading, error, retry };
}

/** A signal's value as state of the component, so that an effect can depend on it. */
function useVersion(source: ReadonlySignal<number>): number {
  const seen = useSignal(source.peek());
  useSignalEffect(() => {
    seen.value = source.value;
  });
  return seen.value;
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiError(0, 'page-failed', `This page failed: ${message}`);
}
