/** From the path of a file to its URL; without node:path and node:url, which take longer to load than all the rest. */

const ON_WINDOWS = Deno.build.os === "windows";

/** The URL of the file at `path`, which is relative to the working directory. */
export function file_url(path: string): URL {
  const relative = url_path(path);
  const base = `file://${url_path(Deno.cwd())}/`;
  // Else `a:b` would be a URL of its own.
  return new URL(relative.startsWith("/") ? relative : `./${relative}`, base);
}

/** A path as it stands in a URL. */
function url_path(path: string): string {
  const slashed = ON_WINDOWS
    ? path.replaceAll("\\", "/").replace(/^[A-Za-z]:/, "/$&")
    : path;
  return encodeURI(slashed.replace(/^\/+/, "/"))
    .replace(/[?#]/g, encodeURIComponent);
}
