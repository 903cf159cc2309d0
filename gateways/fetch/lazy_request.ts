/** A `GET` for which a `Request` is created only if a handler asks for more than its URL. */

/** Names and values of headers, in turn: `["host", "localhost", "accept", "*"]`. */
export type Fields = string[];

const URL_OF = Symbol("URL");
const FIELDS = Symbol("fields");
const REQUEST = Symbol("request");

/**
 * What a handler gets in place of a `Request`. Deno and some versions of Node keep the state of a request in properties
 * whose keys are symbols. Each of them is read from a real request here, which is created for the first one. So the
 * whole platform takes this for a `Request`: `clone()`, `fetch(request)`, `new Request(request)`.
 */
class LazyRequest {
  [URL_OF]: string;
  [FIELDS]: () => Fields;
  [REQUEST]: Request | null = null;

  constructor(url: string, fields: () => Fields) {
    this[URL_OF] = url;
    this[FIELDS] = fields;
  }

  get method(): string {
    return "GET";
  }

  get url(): string {
    return this[URL_OF];
  }
}

/** Creates a `Request` of a `GET`. Setting the headers one by one is faster than giving it a record of them. */
export function new_request(url: string, fields: Fields): Request {
  const request = new Request(url);
  set_headers(request.headers, fields);
  return request;
}

/** Sets headers; the last of several with the same name counts. */
export function set_headers(headers: Headers, fields: Fields): void {
  for (let i = 0; i < fields.length; i += 2) {
    headers.set(fields[i]!, fields[i + 1]!);
  }
}

/** Whether there has been a request before: a CGI script has one only, and is faster without the test. */
let is_used = false;
/** Whether `LazyRequest` works on this platform; null until that is known. */
let is_possible: boolean | null = null;

/**
 * A `GET`.
 *
 * @param url A URL that parsing does not change.
 * @param fields Returns its headers; called when they are asked for.
 */
export function lazy_request(url: string, fields: () => Fields): Request {
  if (is_used) is_possible ??= inherit_state();
  is_used = true;
  return is_possible
    ? new LazyRequest(url, fields) as unknown as Request
    : new_request(url, fields());
}

/** Makes `LazyRequest` a class of requests. Returns whether the platform takes its instances for what they are. */
function inherit_state(): boolean {
  const { prototype } = LazyRequest;
  Object.setPrototypeOf(prototype, Request.prototype);
  Reflect.deleteProperty(prototype, "constructor"); // That of `Request` is seen.
  const url = "http://localhost/";
  for (const key of Reflect.ownKeys(new Request(url))) {
    Object.defineProperty(prototype, key, {
      get(this: LazyRequest) {
        return Reflect.get(real_request(this), key);
      },
      set(this: LazyRequest, value: unknown) {
        Reflect.set(real_request(this), key, value);
      },
    });
  }
  try {
    const lazy = new LazyRequest(
      url,
      () => ["x-test", "1"],
    ) as unknown as Request;
    return [lazy, lazy.clone(), new Request(lazy)].every((request) =>
      request.url === url && request.headers.get("x-test") === "1"
    );
  } catch {
    return false;
  }
}

function real_request(lazy: LazyRequest): Request {
  return lazy[REQUEST] ??= new_request(lazy[URL_OF], lazy[FIELDS]());
}
