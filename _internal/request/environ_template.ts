/** The template that a server's environs are cloned from. */

import { header_keys, type HeaderKeys } from "./request.ts";

type Variables = Readonly<Record<string, unknown>>;

/** What is the same in every environ. */
export interface Template {
  os_environ: Variables;
  /** The `base_environ` that it was made from, */
  base_environ: Variables;
  /** and what that contained. */
  names: readonly string[];
  values: readonly unknown[];
  /** Both merged, in an object that V8 clones fast. Must not be modified. */
  environ: Variables;
  header_keys: HeaderKeys;
}

const templates = new WeakMap<Variables, Template>();

/** The template of the previous call, which is nearly always that of the next one. */
let last: Template | null = null;

/**
 * The keys that every request sets. The template reserves them, because an object that grows key by key is reallocated
 * repeatedly.
 */
const REQUEST_KEYS: readonly string[] = [
  "SERVER_PROTOCOL",
  "SERVER_SOFTWARE",
  "REMOTE_ADDR",
  "REMOTE_PORT",
  "REQUEST_METHOD",
  "PATH_INFO",
  "QUERY_STRING",
  "CONTENT_TYPE",
  "REQUEST_URI",
  "wsgi.input",
  "wsgi.input_terminated",
  "wsgi.errors",
  "wsgi.version",
  "wsgi.run_once",
  "wsgi.url_scheme",
  "wsgi.multithread",
  "wsgi.multiprocess",
  "wsgi.file_wrapper",
];

/**
 * Merges `base_environ` over `os_environ`, with `""` for the keys that every request of `WSGIServer` sets. Cached until
 * one of the two changes.
 */
export function environ_template(
  base_environ: Variables,
  os_environ: Variables,
): Template {
  const made = last?.base_environ === base_environ
    ? last
    : templates.get(base_environ);
  if (made?.os_environ === os_environ && is_unchanged(made)) {
    return last = made;
  }
  const places = Object.fromEntries(REQUEST_KEYS.map((key) => [key, ""]));
  const environ = fast({ ...os_environ, ...base_environ, ...places });
  const template = {
    os_environ,
    base_environ,
    names: Object.keys(base_environ),
    values: Object.values(base_environ),
    environ,
    header_keys: header_keys({ ...base_environ }),
  };
  templates.set(base_environ, template);
  return last = template;
}

function is_unchanged({ base_environ, names, values }: Template): boolean {
  let place = 0;
  for (const name in base_environ) {
    if (name !== names[place] || base_environ[name] !== values[place]) {
      return false;
    }
    place++;
  }
  return place === names.length;
}

/** Copies via JSON if that loses nothing: an object filled key by key is cloned about a hundred times slower. */
function fast(variables: Variables): Variables {
  const strings = Object.values(variables).every((value) =>
    typeof value === "string"
  );
  return strings ? JSON.parse(JSON.stringify(variables)) : variables;
}
