/** Files on this machine that are not objects of the lake: files to import, finished scratch files. Read-only. */
export interface LocalFiles {
  /**
   * Returns what is at the path (following links), or undefined if nothing is. Failures are thrown, never reported as
   * absent.
   */
  inspect(path: string): Promise<LocalFileInfo | undefined>;

  /** Returns up to `length` bytes from `offset`; fewer at the end of the file. */
  read(path: string, offset: number, length: number): Promise<Uint8Array>;

  /** Yields the whole file in bounded chunks. */
  stream(path: string): AsyncIterable<Uint8Array>;

  /** Yields the paths of all files below a folder, in no order. Links to folders are not followed. */
  walk(folder: string): AsyncIterable<string>;

  /** Yields the paths of files that match a pattern with `*`, `?`, `[…]` or `**`, in no order. */
  match(pattern: string): AsyncIterable<string>;
}

export interface LocalFileInfo {
  readonly kind: 'file' | 'folder' | 'other';
  readonly sizeBytes: number;
}
