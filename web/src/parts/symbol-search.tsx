import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { type ApiError, isAbort, pause } from '../api/client.ts';
import { fetchSymbols } from '../api/fetchers.ts';
import type { SymbolMatch } from '../api/wire.ts';
import { Icon } from './icon.tsx';
import { sentence } from './placeholders.tsx';

const TYPING_MS = 120;

/** Finds a symbol by its letters or its name: an editable combobox with a list (ARIA 1.2). */
export function SymbolSearch({
  label,
  placeholder,
  shortcut,
  onChoose,
}: {
  readonly label: string;
  readonly placeholder: string;
  readonly shortcut?: string;
  readonly onChoose: (symbol: string) => void;
}) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const text = useSignal('');
  const isOpen = useSignal(false);
  const active = useSignal(0);
  const found = useSignal<readonly SymbolMatch[] | undefined>(undefined);
  const error = useSignal<ApiError | undefined>(undefined);
  const wanted = text.value.trim();

  useEffect(() => {
    if (!isOpen.value || wanted === '') {
      found.value = undefined;
      error.value = undefined;
      return;
    }
    const abort = new AbortController();
    void (async () => {
      try {
        await pause(TYPING_MS, abort.signal);
        const { results } = await fetchSymbols(wanted, abort.signal);
        found.value = results;
        error.value = undefined;
        active.value = 0;
      } catch (cause) {
        if (!isAbort(cause)) error.value = cause as ApiError;
      }
    })();
    return () => abort.abort();
  }, [wanted, isOpen.value, active, error, found]);

  const choose = (symbol: string): void => {
    text.value = '';
    isOpen.value = false;
    found.value = undefined;
    input.current?.blur();
    onChoose(symbol);
  };

  const matches = found.value ?? [];
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
      // Typed and confirmed before the list came: what was typed is taken at its word.
      if (match !== undefined) choose(match.symbol);
      else if (wanted !== '' && found.value === undefined) choose(wanted);
    }
  };

  const isShown = isOpen.value && wanted !== '';
  return (
    <div class="search">
      <Icon name="search" />
      <input
        ref={input}
        class="field"
        type="text"
        role="combobox"
        aria-label={label}
        aria-expanded={isShown}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={isShown && matches.length > 0 ? `${id}-${active.value}` : undefined}
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
      <div class="search-list" hidden={!isShown}>
        <div id={`${id}-list`} role="listbox" aria-label="Symbols found">
          {matches.map((match, n) => (
            // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the box; aria-activedescendant names the option.
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the box's.
            <div
              key={match.symbol}
              id={`${id}-${n}`}
              role="option"
              aria-selected={n === active.value}
              onMouseMove={() => {
                active.value = n;
              }}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => choose(match.symbol)}
            >
              <b>{match.symbol}</b>
              <span class="what">{match.name ?? ''}</span>
              {match.active ? <span /> : <span class="badge">delisted</span>}
            </div>
          ))}
        </div>
        <div class="search-note" role="status" hidden={matches.length > 0}>
          {noteOf(wanted, found.value, error.value)}
        </div>
      </div>
    </div>
  );
}

function noteOf(wanted: string, found: readonly SymbolMatch[] | undefined, error: ApiError | undefined): string {
  if (error !== undefined) return sentence(error.message);
  if (found === undefined) return 'Searching…';
  return found.length === 0 ? `No symbol or name has “${wanted}” in it.` : '';
}
