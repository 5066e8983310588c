/**
 * Keys by their pattern: ours (`cvk_`, a public id, a secret), and the vendor's, which are 32 letters and digits of
 * both cases. A key that was cut off counts as one.
 */
const OUR_KEY = /(cvk_[0-9a-f]{12})_[A-Za-z0-9_-]+/g;
const VENDOR_KEY =
  /(?<![A-Za-z0-9_-])(?=[A-Za-z0-9_]*[a-z])(?=[A-Za-z0-9_]*[A-Z])(?=[A-Za-z0-9_]*\d)[A-Za-z0-9_]{32}(?![A-Za-z0-9_-])/g;
/** Whatever follows a name that announces a key. */
const NAMED_KEY = /((?:\b|_)api_?key["']?\s*[=:]\s*["']?|\bBearer\s+)[^\s&"',;]+/gi;

/** An address can be escaped again by each program that passes it on. */
const ESCAPED_TIMES_MAX = 3;

/** Returns the text with every API key hidden, wherever it stands and however its characters are escaped. */
export function withoutKeys(text: string): string {
  let plain = text;
  for (let times = 0; times < ESCAPED_TIMES_MAX; times += 1) {
    const unescaped = withoutEscapes(plain);
    if (unescaped === plain) break;
    plain = unescaped;
  }
  // Escapes stay as they are where they hide no key.
  const hidden = hide(text);
  return plain === text || hide(plain) === plain ? hidden : hide(plain);
}

function hide(text: string): string {
  return text.replaceAll(OUR_KEY, '$1_hidden').replaceAll(NAMED_KEY, '$1hidden').replaceAll(VENDOR_KEY, 'hidden');
}

/** Undoes escapes of ASCII characters in addresses (`%5F`) and in JSON (`\u005f`). */
function withoutEscapes(text: string): string {
  return text.replaceAll(/%([0-7][0-9a-f])|\\u00([0-7][0-9a-f])/gi, (_, url: string | undefined, json: string) =>
    String.fromCharCode(Number.parseInt(url ?? json, 16)),
  );
}
