/**
 * The header list of a request: the fields as they came, which `Headers` copies, lowers, sorts and joins first. Reading
 * them through `Headers` costs more than all that this package does for a small request.
 *
 * Deno keeps the list where the Fetch standard has it, in the request that a `Request` stands for. No public name leads
 * there, so the way is looked for in the first request, and tested by what `Headers` says of that one. Where there is
 * no such way, everything is read through `Headers`.
 */

/** Names, as the client wrote them, and values; a field that was sent twice is there twice. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** What may be behind a key. */
type Behind = Readonly<Record<symbol, { headerList?: HeaderList } | undefined>>;

/** The key of the property that leads to the list; null if there is none, undefined until that is known. */
let way: symbol | null | undefined;

/** The last request that came from the platform. A `Request` from elsewhere may be a proxy, with headers of its own. */
let newest: Request | null = null;
/** Its list, once it has been read: Deno makes another one each time, and limits and environ both need it. */
let newest_list: HeaderList | null = null;

/** Notes a request that came from the platform: only its header list is read, and only until the next one comes. */
export function note_received(request: Request): void {
  newest = request;
  newest_list = null;
}

/** The header list of a request; null if only its `Headers` can be read. */
export function header_list(request: Request): HeaderList | null {
  if (request !== newest || way === null) return null;
  return newest_list ??= way === undefined
    ? find_way(request)
    : list_behind(request, way);
}

/** The fields of `headers`, each name once and in lower case. */
export function joined_list(headers: Headers): HeaderList {
  const list: [string, string][] = [];
  headers.forEach((value, name) => {
    const last = list.at(-1);
    if (last?.[0] !== name) list.push([name, value]);
    else last[1] = last[1] ? `${last[1]}, ${value}` : value; // `Set-Cookie`, which `Headers` does not join.
  });
  return list;
}

/** Looks for the way in a request that has headers. Returns its list. */
function find_way(request: Request): HeaderList | null {
  const fields = joined_list(request.headers);
  if (fields.length === 0) return null;
  way = null;
  for (const key of Object.getOwnPropertySymbols(request)) {
    if (leads_to(fields, request, key)) way = key;
  }
  return way && list_behind(request, way);
}

/** Whether there is a list behind `key` of which `Headers` makes `fields`. */
function leads_to(fields: HeaderList, request: Request, key: symbol): boolean {
  try {
    const list = list_behind(request, key) as [string, string][] | null;
    return list !== null && is_same(joined_list(new Headers(list)), fields);
  } catch {
    return false;
  }
}

function list_behind(request: Request, key: symbol): HeaderList | null {
  const list = (request as unknown as Behind)[key]?.headerList;
  return Array.isArray(list) ? list : null;
}

function is_same(one: HeaderList, other: HeaderList): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
