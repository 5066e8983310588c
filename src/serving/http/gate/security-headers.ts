/**
 * Security headers of every response. No Strict-Transport-Security: this server speaks plain HTTP, and whoever puts TLS
 * in front of it decides that for the whole host name.
 */
export const API_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
};

/** Of pages: everything they need comes from this server, and nobody may frame them. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  // Styles are files as well. What scripts set on an element is none of this policy's business.
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');
