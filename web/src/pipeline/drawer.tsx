import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { navigate } from '../address.ts';
import { Icon } from '../parts/icon.tsx';

/**
 * Details beside the calendar and the findings, in sight wherever these are scrolled to; at the bottom of a narrow
 * screen. Escape closes it, and returns the focus to where it was.
 */
export function Drawer({
  title,
  badge,
  closeHref,
  part,
  isFocused = false,
  children,
}: {
  readonly title: string;
  readonly badge?: ComponentChildren;
  /** URL of the view without the drawer. */
  readonly closeHref: string;
  readonly part: string;
  /** Takes the focus. The calendar keeps it, so that the arrow keys go on. */
  readonly isFocused?: boolean;
  readonly children: ComponentChildren;
}) {
  const drawer = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    if (isFocused) drawer.current?.focus();
    return () => {
      if (isFocused && before instanceof HTMLElement) before.focus();
    };
  }, []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isElsewhere = document.querySelector('dialog[open]') !== null || event.defaultPrevented;
      if (event.key === 'Escape' && !isElsewhere) navigate(closeHref);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [closeHref]);
  return (
    <aside ref={drawer} class="card drawer" aria-labelledby="drawer-title" data-part={part} tabIndex={-1}>
      <header>
        <h2 id="drawer-title">{title}</h2>
        {badge}
        <a class="button is-icon is-quiet" href={closeHref} aria-label="Close details">
          <Icon name="close" />
        </a>
      </header>
      <div class="drawer-body">{children}</div>
    </aside>
  );
}
