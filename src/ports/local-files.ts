/** Files on this machine that are not objects of the lake: what a user asks to import, finished scratch files. Only read. */
export interface LocalFiles {
  /** What lies at the path (links followed), or undefined where nothing does. Failures are thrown, never "absent". */
  inspect(path: string): Promise<LocalFileInfo | undefined>;

  /** Up to `length` bytes from `offset`; fewer at the end of the file. */
  read(path: string, offset: number, length: number): Promise<Uint8Array>;

  /** The whole file in bounded chunks. */
  stream(path: string): AsyncIterable<Uint8Array>;
}

export interface LocalFileInfo {
  readonly kind: 'file' | 'folder' | 'other';
  readonly sizeBytes: number;
}
