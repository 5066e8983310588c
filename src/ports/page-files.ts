/** Files of the web page and the reference page that the server sends. Read-only, and fixed while the server runs. */
export interface PageFiles {
  /**
   * Returns the file at a path below the page's root, as in an address but without the leading slash: `index.html`,
   * `assets/app.js`, `reference/swagger-ui.css`. Undefined if there is none, or if the path leaves the root. Files of
   * the reference page (Swagger UI) are under `reference/`.
   */
  read(path: string): Promise<PageFile | undefined>;
}

export interface PageFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Includes the charset for text: `text/html; charset=utf-8`. */
  readonly contentType: string;
  /** ETag of the bytes, quoted as in the header. */
  readonly etag: string;
}
