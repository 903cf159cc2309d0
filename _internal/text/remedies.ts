/** Hints for the most common mistakes, appended to error messages. */

/** The hint for a value that is not a valid result; "" if there is none. */
export function remedy_of_result(value: unknown): string {
  if (value === undefined) return ": is a return missing?";
  if (typeof value === "string") {
    return ": encode it, and return [encode_text(text)]";
  }
  if (typeof value === "function") return ": call it";
  if (value instanceof Response) {
    return ": a function that returns one is a fetch handler: export default { fetch: handler }, or from_fetch(handler)";
  }
  if (value instanceof ArrayBuffer) return ": return [new Uint8Array(buffer)]";
  if (has_fetch(value)) return OF_FACTORY;
  if (is_plain(value)) {
    return ": return [encode_text(JSON.stringify(value))]";
  }
  return "";
}

/** The hint for a value that a fetch handler returned in the place of a Response; "" if there is none. */
export function remedy_of_response(value: unknown): string {
  if (value === undefined) return ": is a return missing?";
  if (typeof value === "string") return ": return new Response(text)";
  if (has_fetch(value)) return OF_FACTORY;
  if (is_result(value)) {
    return ": a WSGI application returns this, which takes (environ, start_response), or is served by --interface wsgi";
  }
  return is_plain(value) || Array.isArray(value)
    ? ": return Response.json(value)"
    : "";
}

/** Whether a value looks like the result of a WSGI application: blocks of bytes, or a generator or a stream of them. */
function is_result(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value[0] instanceof Uint8Array;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}

/** The hint for a value that is passed where a function is needed; "" if there is none. */
export function remedy_of_function(value: unknown): string {
  if (has_fetch(value)) {
    return ": it has a method fetch, and from_fetch(app.fetch) makes an application of that";
  }
  return value instanceof Promise ? ": await it" : "";
}

const OF_FACTORY =
  ": this has a method fetch, so export it itself, not a function that returns it";

function has_fetch(value: unknown): boolean {
  return typeof value === "object" && value !== null &&
    typeof (value as { fetch?: unknown }).fetch === "function";
}

/** The hint for a value that is not a block of a body; "" if there is none. */
export function remedy_of_block(value: unknown): string {
  if (typeof value === "string") return ": encode it with encode_text()";
  if (value instanceof ArrayBuffer) return ": new Uint8Array(buffer) is one";
  if (value instanceof Promise) return ": await it";
  return "";
}

/** The hint for a value that is not a list of headers; "" if there is none. */
export function remedy_of_headers(value: unknown): string {
  if (value === undefined || value === null) return ": [] has none";
  if (typeof value !== "object") return "";
  if (Symbol.iterator in value) return ": [...headers] is one";
  return is_plain(value) ? ": Object.entries(headers) is one" : "";
}

function is_plain(value: unknown): boolean {
  return typeof value === "object" && value !== null &&
    Object.getPrototypeOf(value) === Object.prototype;
}
