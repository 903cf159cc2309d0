/** `util.ts` and `headers.ts` beside CPython's own wsgiref: random input, equal answers. */

import { assertEquals, equal } from "@std/assert";
import { Headers } from "../../headers.ts";
import type { HeaderList } from "../../types.ts";
import {
  application_uri,
  guess_scheme,
  request_uri,
  shift_path_info,
} from "../../util.ts";
import { int, pick, random } from "../support/random.ts";

const CASES = 2000;

/** What both sides say of a call that throws: error classes and messages are each language's own. */
const RAISES = "raises";

type Next = () => number;
type Environ = Record<string, string>;

// --- CPython ---

const NO_PYTHON =
  "python3 3.9 or newer is needed to compare with wsgiref, and was not found";

/**
 * Whether python3 can be the measure. Some releases of 3.11 cut a path at U+0000 (CVE-2023-41105): those are
 * no measure for paths.
 */
async function has_python(): Promise<boolean> {
  const suits =
    "import posixpath, sys; sys.exit(sys.version_info < (3, 9) or posixpath.normpath('a\\0b') != 'a\\0b')";
  try {
    const { success } = await new Deno.Command("python3", {
      args: ["-I", "-c", suits],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const PYTHON = await has_python();
// Where the tests guard a merge, a comparison that did not take place must not look like one that did.
const REQUIRED = Deno.env.get("CI") === "true";
if (!PYTHON && !REQUIRED) console.warn(`${NO_PYTHON}: tests ignored`);

/** What CPython answers to all of `cases`, by one process. */
async function ask_python(name: string, cases: unknown[]): Promise<unknown[]> {
  if (!PYTHON) throw new Error(NO_PYTHON);
  const child = new Deno.Command("python3", {
    args: ["-I", `${import.meta.dirname}/python/util_oracle.py`, name],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(cases)));
  await writer.close();
  const { code, stdout } = await child.output();
  assertEquals(code, 0, "the exit status of python3");
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Registers the comparison of `ours` with what CPython's function `name` answers to the same random input. */
function compare<Case>(
  symbol: string,
  { name, seed, make_case, ours }: {
    name: string;
    seed: number;
    make_case: (next: Next) => Case;
    ours: (input: Case) => unknown;
  },
): void {
  Deno.test({
    name: `${symbol} answers as CPython does when the input is random`,
    ignore: !PYTHON && !REQUIRED,
    async fn() {
      const next = random(seed);
      const cases = Array.from({ length: CASES }, () => make_case(next));
      // Before ours is called, which may change its input.
      const inputs = cases.map((input) => JSON.stringify(input));
      const theirs = await ask_python(name, cases);
      assertEquals(theirs.length, CASES);
      const different = [];
      for (const [i, input] of cases.entries()) {
        const answer = answer_of(ours, input);
        const [said, expected] = [answer, theirs[i]].map((it) =>
          JSON.stringify(it)
        );
        // The order of an environ's keys may differ, but seldom does: comparing the texts is faster by far.
        if (said === expected || equal(answer, theirs[i])) continue;
        different.push({ input: inputs[i], ours: said, CPython: expected });
      }
      // The first few say enough, and the rest would bury them.
      assertEquals(
        different.slice(0, 5),
        [],
        `${different.length} of ${CASES} answers differ`,
      );
    },
  });
}

function answer_of<Case>(ours: (input: Case) => unknown, input: Case): unknown {
  try {
    return ours(input);
  } catch {
    return RAISES;
  }
}

// --- random input ---

/** Characters U+0000 to U+00FF: all that a native string can hold. */
function native_text(next: Next, longest: number): string {
  return Array.from(
    { length: int(next, 0, longest) },
    () => String.fromCharCode(int(next, 0, 0xff)),
  ).join("");
}

/** A path whose segments are often those that normalising is about. */
function path(next: Next): string {
  const segments = Array.from({ length: int(next, 0, 7) }, () =>
    pick(next, [
      () => "",
      () => ".",
      () => "..",
      () => "...",
      () => "a",
      () => "b;c=d,e",
      () => "caf\u00c3\u00a9",
      () => native_text(next, 6),
    ])());
  // Mostly absolute, as PEP 3333 has it; the rest shows that both treat the others alike.
  return (next() < 0.85 ? "/" : "") + segments.join("/");
}

/** Sets `key` to one of `values`, or leaves it out where that one is null. */
function put(
  environ: Environ,
  key: string,
  value: string | null,
): void {
  if (value !== null) environ[key] = value;
}

function maybe_path(next: Next): string | null {
  return pick(next, [() => null, () => "", () => path(next), path])(next);
}

/** All that a URI is made of. SERVER_NAME and SERVER_PORT are never missing or empty (PEP 3333, "environ Variables"). */
function uri_environ(next: Next): Environ {
  const environ: Environ = {
    "wsgi.url_scheme": pick(next, ["http", "https", "HTTP", "ws"]),
    SERVER_NAME: pick(next, ["127.0.0.1", "example.com", "::1"]),
    SERVER_PORT: pick(next, ["80", "443", "8000", "080", "0"]),
  };
  const hosts = [null, "", "example.org", "example.org:80", "[::1]:8000"];
  put(environ, "HTTP_HOST", pick(next, hosts));
  put(environ, "SCRIPT_NAME", maybe_path(next));
  put(environ, "PATH_INFO", maybe_path(next));
  const query = native_text(next, 12);
  put(environ, "QUERY_STRING", pick(next, [null, "", "a=b&c=%20", query]));
  return environ;
}

compare("guess_scheme()", {
  name: "guess_scheme",
  seed: 1,
  make_case(next) {
    const environ: Environ = {};
    const near = ["yes", "on", "1", "Yes", "ON", "11", "on\n", " on", "off"];
    const other = native_text(next, 3);
    put(environ, "HTTPS", pick(next, [null, "", other, ...near]));
    return environ;
  },
  ours: guess_scheme,
});

compare("application_uri()", {
  name: "application_uri",
  seed: 2,
  make_case: uri_environ,
  ours: application_uri,
});

compare("request_uri()", {
  name: "request_uri",
  seed: 3,
  make_case: uri_environ,
  ours: (environ) => [request_uri(environ), request_uri(environ, false)],
});

// --- shift_path_info ---

compare("shift_path_info()", {
  name: "shift_path_info",
  seed: 4,
  make_case(next) {
    const environ: Environ = {};
    put(environ, "SCRIPT_NAME", next() < 0.1 ? "/" : maybe_path(next));
    put(environ, "PATH_INFO", next() < 0.1 ? null : path(next));
    return { environ, shifts: int(next, 1, 6) };
  },
  ours({ environ, shifts }) {
    const steps: unknown[] = [];
    for (let i = 0; i < shifts; i++) {
      const name = answer_of(shift_path_info, environ);
      steps.push([name, { ...environ }]);
      if (name === RAISES) break;
    }
    return steps;
  },
});

// --- Headers ---

type Params = [key: string, value: string | null][];
type Operation =
  | ["length" | "keys" | "values" | "items" | "toString" | "to_bytes"]
  | ["get_all" | "has" | "delete" | "get", string]
  | ["get" | "set" | "setdefault", string, string]
  | ["add_header", string, string | null, Params];

interface HeaderCase {
  headers: HeaderList;
  operations: Operation[];
}

const NAMES = ["X", "x", "Set-Cookie", "set-cookie", "SET-COOKIE", "!#$%&'*+"];

/** A name that both sides take: few of them, so that repeats and other spellings meet. */
function header_name(next: Next): string {
  const token = pick(next, [..."Aa0-.^_`|~"]) + pick(next, [..."Bb1"]);
  return pick(next, [...NAMES, token]);
}

/** Any text may be looked for, also what can be no name. */
function wanted_name(next: Next): string {
  return next() < 0.8 ? header_name(next) : native_text(next, 3);
}

/** A value that both sides take. No TAB: some releases of CPython refuse it (gh-143916), later ones do not (gh-144118). */
function header_value(next: Next): string {
  const special = pick(next, ["", '"', "\\", '\\"', "; a=b", " "]);
  // deno-lint-ignore no-control-regex
  return native_text(next, 6).replaceAll(/[\x00-\x1f\x7f]/g, "") + special;
}

/** No key is a whole number: those come first in a JavaScript object, whatever their place. */
function header_params(next: Next): Params {
  const keys = ["filename", "file_name", "_", "a_b_c", "A-B", "x*"];
  const params = new Map<string, string | null>();
  for (let i = int(next, 0, 3); i > 0; i--) {
    const values = [null, "", header_value(next)];
    params.set(pick(next, keys), pick(next, values));
  }
  return [...params];
}

function header_operation(next: Next): Operation {
  const set = pick(next, ["set", "setdefault"] as const);
  const look = pick(next, ["get", "get_all", "has"] as const);
  const list = pick(
    next,
    ["length", "keys", "values", "items", "toString", "to_bytes"] as const,
  );
  const value = header_value(next);
  return pick<() => Operation>(next, [
    () => [list],
    () => [look, wanted_name(next)],
    () => ["get", wanted_name(next), value],
    () => ["delete", wanted_name(next)],
    () => [set, header_name(next), value],
    () => [
      "add_header",
      header_name(next),
      pick(next, [null, value]),
      header_params(next),
    ],
  ])();
}

/** Does one operation; what gives nothing gives null, as Python's None arrives in JSON. */
function operate(headers: Headers, operation: Operation): unknown {
  switch (operation[0]) {
    case "length":
      return headers.length;
    case "to_bytes":
      return [...headers.to_bytes()];
    case "add_header": {
      const [, name, value, params] = operation;
      return headers.add_header(name, value, Object.fromEntries(params)) ??
        null;
    }
    default: {
      const [method, ...args] = operation;
      const call = headers[method] as (...args: string[]) => unknown;
      return call.apply(headers, args) ?? null;
    }
  }
}

compare<HeaderCase>("Headers", {
  name: "header_operations",
  seed: 5,
  make_case: (next) => ({
    headers: Array.from(
      { length: int(next, 0, 4) },
      () => [header_name(next), header_value(next)],
    ),
    operations: Array.from(
      { length: int(next, 1, 12) },
      () => header_operation(next),
    ),
  }),
  ours({ headers: list, operations }) {
    const headers = new Headers(list);
    // The list that it was made from is looked at, not the one that it gives.
    return operations.map((operation) => [
      operate(headers, operation),
      [...list],
    ]);
  },
});
