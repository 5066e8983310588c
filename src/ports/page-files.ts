/** Files of the web page and the reference page, as the server hands them out. Only read; fixed while the server runs. */
export interface PageFiles {
  /**
   * The file of a path below the page's root, as in an address but without the leading slash: `index.html`,
   * `assets/app.js`, `reference/swagger-ui.css`. Undefined where there is none; a path that leaves the root is one of those.
   * Files of the reference page (Swagger UI) lie under `reference/`.
   */
  read(path: string): Promise<PageFile | undefined>;
}

export interface PageFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** With its charset, where it is text: `text/html; charset=utf-8`. */
  readonly contentType: string;
  /** Of the bytes, quoted as the header has it. */
  readonly etag: string;
}
