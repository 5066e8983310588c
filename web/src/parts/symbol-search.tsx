import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { type ApiError, delay, isAbort } from '../api/client.ts';
import { fetchSymbols } from '../api/fetchers.ts';
import type { SymbolMatch } from '../api/wire.ts';
import { Icon } from './icon.tsx';
import { sentence } from './messages.tsx';

const DEBOUNCE_MS = 120;

/** Search box for symbols and company names: an editable combobox with a list popup (ARIA 1.2). */
export function SymbolSearch({
  label,
  placeholder,
  shortcut,
  onSelect,
}: {
  readonly label: string;
  readonly placeholder: string;
  readonly shortcut?: string;
  readonly onSelect: (symbol: string) => void;
}) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const text = useSignal('');
  const isOpen = useSignal(false);
  const active = useSignal(0);
  const results = useSignal<readonly SymbolMatch[] | undefined>(undefined);
  const error = useSignal<ApiError | undefined>(undefined);
  const query = text.value.trim();

  useEffect(() => {
    if (!isOpen.value || query === '') {
      results.value = undefined;
      error.value = undefined;
      return;
    }
    const abort = new AbortController();
    void (async () => {
      try {
        await delay(DEBOUNCE_MS, abort.signal);
        const response = await fetchSymbols(query, abort.signal);
        results.value = response.results;
        error.value = undefined;
        active.value = 0;
      } catch (cause) {
        if (!isAbort(cause)) error.value = cause as ApiError;
      }
    })();
    return () => abort.abort();
  }, [query, isOpen.value, active, error, results]);

  const select = (symbol: string): void => {
    text.value = '';
    isOpen.value = false;
    results.value = undefined;
    input.current?.blur();
    onSelect(symbol);
  };

  const matches = results.value ?? [];
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      if (isOpen.value) isOpen.value = false;
      else text.value = '';
      return;
    }
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      isOpen.value = true;
      const step = event.key === 'ArrowDown' ? 1 : -1;
      if (matches.length > 0) active.value = (active.value + step + matches.length) % matches.length;
      return;
    }
    if (event.key === 'Enter') {
      event.preventDefault();
      const match = matches[active.value];
      // Enter before the results arrive takes the text as typed.
      if (match !== undefined) select(match.symbol);
      else if (query !== '' && results.value === undefined) select(query);
    }
  };

  const isListOpen = isOpen.value && query !== '';
  return (
    <div class="search">
      <Icon name="search" />
      <input
        ref={input}
        class="field"
        type="text"
        role="combobox"
        aria-label={label}
        aria-expanded={isListOpen}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={isListOpen && matches.length > 0 ? `${id}-${active.value}` : undefined}
        placeholder={placeholder}
        autocomplete="off"
        autocapitalize="characters"
        spellcheck={false}
        data-shortcut={shortcut}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
          isOpen.value = true;
        }}
        onFocus={() => {
          isOpen.value = true;
        }}
        onBlur={() => {
          isOpen.value = false;
        }}
        onKeyDown={onKeyDown}
      />
      {shortcut === undefined ? null : (
        <span class="key" aria-hidden="true">
          {shortcut}
        </span>
      )}
      <div class="search-list" hidden={!isListOpen}>
        <div id={`${id}-list`} role="listbox" aria-label="Matching symbols">
          {matches.map((match, n) => (
            // biome-ignore lint/a11y/useFocusableInteractive: focus stays in the input; aria-activedescendant names the option.
            // biome-ignore lint/a11y/useKeyWithClickEvents: the input handles the keys.
            <div
              key={match.symbol}
              id={`${id}-${n}`}
              role="option"
              aria-selected={n === active.value}
              onMouseMove={() => {
                active.value = n;
              }}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => select(match.symbol)}
            >
              <b>{match.symbol}</b>
              <span class="what">{match.name ?? ''}</span>
              {match.active ? <span /> : <span class="badge">Delisted</span>}
            </div>
          ))}
        </div>
        <div class="search-note" role="status" hidden={matches.length > 0}>
          {noteFor(query, results.value, error.value)}
        </div>
      </div>
    </div>
  );
}

function noteFor(query: string, results: readonly SymbolMatch[] | undefined, error: ApiError | undefined): string {
  if (error !== undefined) return sentence(error.message);
  if (results === undefined) return 'Searching…';
  return results.length === 0 ? `No results for "${query}".` : '';
}
