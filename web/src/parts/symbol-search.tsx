import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { isForBrowser } from '../address.ts';
import { type ApiError, delay, isAbort } from '../api/client.ts';
import { fetchSymbols } from '../api/fetchers.ts';
import type { SymbolMatch } from '../api/wire.ts';
import { Icon } from './icon.tsx';
import { sentence } from './messages.tsx';

const DEBOUNCE_MS = 120;

/** The server's matches for a query. */
interface Answer {
  readonly query: string;
  readonly matches: readonly SymbolMatch[];
}

/**
 * Search box for symbols and company names: an editable combobox with a list popup (ARIA 1.2). Enter selects only from
 * the matches of the text as it stands: pressed earlier, it waits for them.
 */
export function SymbolSearch({
  label,
  placeholder,
  shortcut,
  hrefOf,
  onSelect,
}: {
  readonly label: string;
  readonly placeholder: string;
  readonly shortcut?: string;
  /** URL that a match opens in another tab. */
  readonly hrefOf: (symbol: string) => string;
  readonly onSelect: (symbol: string) => void;
}) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const text = useSignal('');
  const isOpen = useSignal(false);
  const active = useSignal(0);
  const answer = useSignal<Answer | undefined>(undefined);
  const error = useSignal<ApiError | undefined>(undefined);
  /** Enter was pressed before the matches arrived. */
  const isEntered = useRef(false);
  const query = text.value.trim();
  // Older matches stay in sight until those of the text arrive.
  const matches = answer.value?.matches;
  const isCurrent = answer.value?.query === query;

  const select = (symbol: string): void => {
    text.value = '';
    isOpen.value = false;
    answer.value = undefined;
    isEntered.current = false;
    input.current?.blur();
    onSelect(symbol);
  };
  const selectOnAnswer = useRef(select);
  selectOnAnswer.current = select;

  useEffect(() => {
    error.value = undefined;
    active.value = 0;
    if (!isOpen.value || query === '') {
      answer.value = undefined;
      return;
    }
    const abort = new AbortController();
    void (async () => {
      try {
        await delay(DEBOUNCE_MS, abort.signal);
        const { results } = await fetchSymbols(query, abort.signal);
        answer.value = { query, matches: results };
        const [best] = results;
        if (isEntered.current && best !== undefined) selectOnAnswer.current(best.symbol);
      } catch (cause) {
        if (isAbort(cause)) return;
        answer.value = undefined;
        error.value = cause as ApiError;
      }
      isEntered.current = false;
    })();
    return () => abort.abort();
  }, [query, isOpen.value, active, answer, error]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      if (isOpen.value) isOpen.value = false;
      else text.value = '';
      return;
    }
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      isOpen.value = true;
      const count = matches?.length ?? 0;
      const step = event.key === 'ArrowDown' ? 1 : -1;
      if (count > 0) active.value = (active.value + step + count) % count;
      return;
    }
    if (event.key === 'Enter') {
      event.preventDefault();
      // The text may be newer than what is rendered.
      const typed = text.peek().trim();
      const { query: answered, matches: found } = answer.peek() ?? {};
      const match = answered === typed ? found?.[active.peek()] : undefined;
      if (match !== undefined) select(match.symbol);
      else isEntered.current = answered !== typed && typed !== '';
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
        aria-activedescendant={
          isListOpen && matches !== undefined && matches.length > 0 ? `${id}-${active.value}` : undefined
        }
        placeholder={placeholder}
        autocomplete="off"
        autocapitalize="characters"
        spellcheck={false}
        data-shortcut={shortcut}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
          isEntered.current = false;
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
        <div id={`${id}-list`} role="listbox" aria-label="Matching symbols" aria-busy={!isCurrent}>
          {matches?.map((match, n) => (
            <Option
              key={match.symbol}
              id={`${id}-${n}`}
              match={match}
              href={hrefOf(match.symbol)}
              isActive={n === active.value}
              onPoint={() => {
                active.value = n;
              }}
              onSelect={() => select(match.symbol)}
            />
          ))}
        </div>
        <div class="search-note" role="status" hidden={matches !== undefined && matches.length > 0}>
          {noteFor(query, matches, error.value)}
        </div>
      </div>
    </div>
  );
}

function Option({
  id,
  match,
  href,
  isActive,
  onPoint,
  onSelect,
}: {
  readonly id: string;
  readonly match: SymbolMatch;
  readonly href: string;
  readonly isActive: boolean;
  readonly onPoint: () => void;
  readonly onSelect: () => void;
}) {
  return (
    <a
      id={id}
      role="option"
      href={href}
      tabIndex={-1}
      aria-selected={isActive}
      onMouseMove={onPoint}
      onMouseDown={(event) => event.preventDefault()}
      onClick={(event) => {
        if (isForBrowser(event)) return;
        event.preventDefault();
        onSelect();
      }}
    >
      <b>{match.symbol}</b>
      <span class="what">{match.name ?? ''}</span>
      {match.active ? <span /> : <span class="badge">Delisted</span>}
    </a>
  );
}

function noteFor(query: string, matches: readonly SymbolMatch[] | undefined, error: ApiError | undefined): string {
  if (error !== undefined) return sentence(error.message);
  if (matches === undefined) return 'Searching…';
  return matches.length === 0 ? `No results for "${query}".` : '';
}
