import { CondvestError, type ErrorParts } from '#base/errors.ts';

type Judgement = Pick<ErrorParts, 'code' | 'kind' | 'message' | 'action'>;

const NO_SPACE: Judgement = {
  code: 'store-no-space',
  kind: 'permanent',
  message: 'The disk is full',
  action: 'Free some space and run the command again; nothing was left half-done',
};
const READ_ONLY: Judgement = {
  code: 'store-read-only',
  kind: 'permanent',
  message: 'The folder is read-only',
  action: 'Choose a writable folder (CONDVEST_HOME)',
};
const FORBIDDEN: Judgement = {
  code: 'store-forbidden',
  kind: 'permanent',
  message: 'The file system denies access',
  action: "Check the owner and the permissions of the lake's folder",
};
/** Linux returns this for `link` on a file system without hard links, and on one without write permission. */
const NOT_PERMITTED: Judgement = {
  code: 'store-not-permitted',
  kind: 'permanent',
  message:
    'The file system does not permit it: access is denied, or there are no hard links, which first-wins commits need',
  action:
    "Check the owner and the permissions of the lake's folder; if they are right, keep the lake on a file system such as ext4, xfs, " +
    'btrfs, apfs or ntfs (exFAT and some network drives have no hard links)',
};
const NOT_A_FOLDER: Judgement = {
  code: 'store-not-a-folder',
  kind: 'permanent',
  message: 'Part of the path is a file, not a folder',
};
const NO_LINKS: Judgement = {
  code: 'store-no-hard-links',
  kind: 'permanent',
  message: 'This file system has no hard links, which first-wins commits need',
  action: 'Keep the lake on a file system such as ext4, xfs, btrfs, apfs or ntfs',
};
const BUSY: Judgement = {
  code: 'store-busy',
  kind: 'transient',
  message: 'The file system is out of resources at the moment',
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

/** Classifies the failure of an action on a path by kind. An error that is already classified passes through. */
export function storeFailure(action: string, path: string, cause: unknown): Error {
  if (cause instanceof CondvestError) return cause;
  const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  // Anything that did not come from the operating system is a bug.
  if (errno === undefined) return cause instanceof Error ? cause : new Error(String(cause));
  const judgement = JUDGEMENTS[errno] ?? FAILED;
  return new CondvestError({ ...judgement, found: `cannot ${action} ${path} (${errno})`, cause });
}
