import { fetchNotices } from '../api/fetchers.ts';
import { capitalize, instant, plural } from '../format.ts';
import { LoadError } from '../parts/messages.tsx';
import { noticeVersion } from '../state/live.ts';
import { useResource } from '../state/resource.ts';

const SEVERITY_CLASS = { error: 'is-bad', warning: 'is-warn', information: '' } as const;

/** Open notices: conditions that need attention. */
export function Notices() {
  const { data, error, retry } = useResource(`notices ${noticeVersion.value}`, fetchNotices);
  const notices = data?.results ?? [];
  if (error === undefined && notices.length === 0) return null;
  return (
    <section class="card notices" aria-labelledby="notices-title">
      <header>
        <h2 id="notices-title">Open notices</h2>
        {error === undefined ? <span class="muted small">{plural(notices.length, 'notice')}</span> : null}
      </header>
      {error !== undefined && data === undefined ? (
        <LoadError error={error} title="Couldn't load notices" onRetry={retry} />
      ) : (
        <ul class="notice-list">
          {notices.map((notice) => (
            <li key={notice.id}>
              <p>
                <span class={`badge ${SEVERITY_CLASS[notice.severity]}`}>{capitalize(notice.severity)}</span>{' '}
                <b>{notice.title}</b>
              </p>
              <p class="small">{notice.text}</p>
              <p class="muted small">
                Since {instant(notice.first_seen_ms)}
                {notice.count > 1
                  ? ` · ${plural(notice.count, 'occurrence')}, most recently ${instant(notice.last_seen_ms)}`
                  : ''}
              </p>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
