/** Where a handler points that does not know of the path at which it is mounted. */

import type { HeaderList } from "../../types.ts";
import { quote_path } from "./request.ts";

/** Headers whose value is a URL of the application (RFC 9110, sections 8.7 and 10.2.2). */
const OF_URLS = /^(?:content-)?location$/;

/**
 * Puts `mount` before the paths in the headers that point to the handler's own URLs: to a path, or to the origin of the
 * request. A path that begins with `mount` already is left alone, and so is one that is relative, which a client resolves
 * by the URL that it asked for.
 *
 * @param headers Their names in small letters.
 * @param mount A decoded path.
 * @param url The URL of the request, as the handler has it.
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
