/** What does not belong into environ, whoever sends it. */

/** What nginx and lighttpd send beside the plain variables, and what a client must not set (httpoxy). */
export const UNWANTED_VARIABLES: ReadonlySet<string> = new Set([
  "HTTP_CONTENT_TYPE",
  "HTTP_CONTENT_LENGTH",
  "HTTP_PROXY",
]);
