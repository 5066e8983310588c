import { fetchNotices } from '../api/fetchers.ts';
import { instant, plural } from '../format.ts';
import { Failure } from '../parts/placeholders.tsx';
import { noticeVersion } from '../state/live.ts';
import { useResource } from '../state/resource.ts';

const LOOK = { error: 'is-bad', warning: 'is-warn', information: '' } as const;

/** Conditions that somebody should know of and that still hold. */
export function Notices() {
  const { data, error, retry } = useResource(`notices ${noticeVersion.value}`, fetchNotices);
  const notices = data?.results ?? [];
  if (error === undefined && notices.length === 0) return null;
  return (
    <section class="card notices" aria-labelledby="notices-title">
      <header>
        <h2 id="notices-title">Open notices</h2>
        <span class="soft small">{plural(notices.length, 'notice')}</span>
      </header>
      {error !== undefined ? (
        <Failure error={error} title="The notices did not come" onRetry={retry} />
      ) : (
        <ul class="notice-list">
          {notices.map((notice) => (
            <li key={notice.id}>
              <p>
                <span class={`badge ${LOOK[notice.severity]}`}>{notice.severity}</span> <b>{notice.title}</b>
              </p>
              <p class="small">{notice.text}</p>
              <p class="soft small">
                Since {instant(notice.first_seen_ms)}
                {notice.count > 1 ? `, seen ${plural(notice.count, 'time')}, last ${instant(notice.last_seen_ms)}` : ''}
              </p>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
