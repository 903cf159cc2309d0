/** Rewrites the URLs in headers of a handler that does not know its mount point. */

import type { HeaderList } from "../../types.ts";
import { quote_path } from "./request.ts";

/** Headers whose value is a URL of the application (RFC 9110, sections 8.7 and 10.2.2). */
const OF_URLS = /^(?:content-)?location$/;

/**
 * Prepends `mount` to the paths in headers that point to the handler's own URLs: to a path, or to the origin of the
 * request. A path that already begins with `mount` is left alone, and so is a relative one, which a client resolves
 * against the URL that it requested.
 *
 * @param headers The headers, with names in lower case.
 * @param mount A decoded path.
 * @param url The URL of the request, as the handler sees it.
 */
export function mount_locations(
  headers: HeaderList,
  mount: string,
  url: string,
): HeaderList {
  return headers.map(([name, value]) => [
    name,
    OF_URLS.test(name) ? mounted(value, quote_path(mount), url) : value,
  ]);
}

function mounted(location: string, mount: string, url: string): string {
  const { origin } = new URL(url);
  const rest = location.startsWith(origin)
    ? location.slice(origin.length)
    : null;
  const is_of_origin = rest !== null && /^(?:[/?#]|$)/.test(rest);
  const path = is_of_origin ? rest : location;
  if (!is_of_origin && !/^\/(?!\/)/.test(location)) return location;
  const is_mounted = path.startsWith(mount) &&
    /^(?:[/?#]|$)/.test(path.slice(mount.length));
  return is_mounted ? location : `${is_of_origin ? origin : ""}${mount}${path}`;
}
