import { CondvestError, type ErrorParts } from '#base/errors.ts';

type Judgement = Pick<ErrorParts, 'code' | 'kind' | 'message' | 'action'>;

const NO_SPACE: Judgement = {
  code: 'store-no-space',
  kind: 'permanent',
  message: 'The disk is full',
  action: 'Free some space and run the command again; nothing half-done was kept',
};
const READ_ONLY: Judgement = {
  code: 'store-read-only',
  kind: 'permanent',
  message: 'The folder is read-only',
  action: 'Choose a folder that can be written to (CONDVEST_HOME)',
};
const FORBIDDEN: Judgement = {
  code: 'store-forbidden',
  kind: 'permanent',
  message: 'The file system denies access',
  action: "Check the owner and the permissions of the lake's folder",
};
/** What Linux answers to `link` on a file system without hard links, and to one that must not be written. */
const NOT_PERMITTED: Judgement = {
  code: 'store-not-permitted',
  kind: 'permanent',
  message:
    'The file system does not permit it: access is denied, or it has no hard links, which a first-wins commit needs',
  action:
    "Check the owner and the permissions of the lake's folder; if they are right, keep the lake on a file system such as ext4, xfs, " +
    'btrfs, apfs or ntfs (exFAT and some network drives have no hard links)',
};
const NOT_A_FOLDER: Judgement = {
  code: 'store-not-a-folder',
  kind: 'permanent',
  message: 'Part of the path is a file where a folder is needed',
};
const NO_LINKS: Judgement = {
  code: 'store-no-hard-links',
  kind: 'permanent',
  message: 'This file system has no hard links, which a first-wins commit needs',
  action: 'Keep the lake on a file system such as ext4, xfs, btrfs, apfs or ntfs',
};
const BUSY: Judgement = {
  code: 'store-busy',
  kind: 'transient',
  message: 'The file system has no capacity at the moment',
};
const FAILED: Judgement = { code: 'store-io', kind: 'permanent', message: 'The file system failed' };

const JUDGEMENTS: Readonly<Record<string, Judgement>> = {
  ENOSPC: NO_SPACE,
  EDQUOT: NO_SPACE,
  EROFS: READ_ONLY,
  EACCES: FORBIDDEN,
  EPERM: NOT_PERMITTED,
  ENOTDIR: NOT_A_FOLDER,
  EEXIST: NOT_A_FOLDER,
  ENOTSUP: NO_LINKS,
  EOPNOTSUPP: NO_LINKS,
  EMLINK: NO_LINKS,
  EMFILE: BUSY,
  ENFILE: BUSY,
  EAGAIN: BUSY,
  EBUSY: BUSY,
  ETIMEDOUT: BUSY,
};

export function hasErrno(cause: unknown, ...codes: readonly string[]): boolean {
  return cause instanceof Error && 'code' in cause && codes.includes(String(cause.code));
}

/** The failure of an action on a path, sorted by kind. What is sorted already passes through. */
export function storeFailure(action: string, path: string, cause: unknown): Error {
  if (cause instanceof CondvestError) return cause;
  const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  // Anything that is not the operating system's answer is a bug of ours.
  if (errno === undefined) return cause instanceof Error ? cause : new Error(String(cause));
  const judgement = JUDGEMENTS[errno] ?? FAILED;
  return new CondvestError({ ...judgement, found: `cannot ${action} ${path} (${errno})`, cause });
}
