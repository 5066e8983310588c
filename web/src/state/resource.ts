import { useSignal, useSignalEffect } from '@preact/signals';
import { useCallback, useEffect } from 'preact/hooks';
import { ApiError, isAbort } from '../api/client.ts';
import { dataVersion } from './status.ts';

/** Server data for a view. The previous data stays visible while the next request is in flight. */
export interface Resource<T> {
  readonly data: T | undefined;
  /** `data` belongs to a previous key. */
  readonly isStale: boolean;
  readonly isLoading: boolean;
  readonly error: ApiError | undefined;
  readonly retry: () => void;
}

interface LoadState<T> {
  readonly key: string | undefined;
  readonly data: T | undefined;
  readonly isLoading: boolean;
  readonly error: ApiError | undefined;
}

/**
 * Loads the data that `key` identifies, again whenever the key or the lake's data changes, and aborts requests that are
 * no longer needed. Loads nothing without a key. `load` always runs with the key of its own render, so it may close over
 * that render's values.
 */
export function useResource<T>(key: string | undefined, load: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const state = useSignal<LoadState<T>>({
    key: undefined,
    data: undefined,
    isLoading: key !== undefined,
    error: undefined,
  });
  const attempts = useSignal(0);
  const version = useDataVersion();
  const attempt = attempts.value;

  // `load` is a new function on every render; the key stands for it.
  useEffect(() => {
    if (key === undefined) return;
    const abort = new AbortController();
    state.value = { ...state.peek(), isLoading: true, error: undefined };
    load(abort.signal).then(
      (data) => {
        if (!abort.signal.aborted) state.value = { key, data, isLoading: false, error: undefined };
      },
      (error: unknown) => {
        if (abort.signal.aborted || isAbort(error)) return;
        state.value = { ...state.peek(), isLoading: false, error: asApiError(error) };
      },
    );
    return () => abort.abort();
  }, [key, attempt, version]);

  const retry = useCallback(() => {
    attempts.value += 1;
  }, [attempts]);
  const { data, isLoading, error } = state.value;
  return { data, isStale: state.value.key !== key, isLoading, error, retry };
}

/** The version of the lake's data as component state, so that an effect can depend on it. */
export function useDataVersion(): number {
  const copy = useSignal(dataVersion.peek());
  useSignalEffect(() => {
    copy.value = dataVersion.value;
  });
  return copy.value;
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiError(0, 'page-failed', `Something went wrong on this page: ${message}`);
}
