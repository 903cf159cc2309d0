import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import type { FileLike, Reader } from "../../types.ts";
import {
  application_uri,
  FileWrapper,
  guess_scheme,
  is_hop_by_hop,
  type PartialEnvironment,
  request_uri,
  setup_testing_defaults,
  shift_path_info,
} from "../../util.ts";
import { bytes, Log, stream_of, text } from "../support/support.ts";

// --- guess_scheme() ---

for (const value of ["yes", "on", "1"]) {
  Deno.test(`guess_scheme() gives "https" when HTTPS is "${value}"`, () => {
    assertEquals(guess_scheme({ HTTPS: value }), "https");
  });
}

Deno.test('guess_scheme() gives "http" when HTTPS is anything else', () => {
  const others = ["foo", "off", "no", "0", "", "true", "https"];
  const near = ["ON", "Yes", "11", " on", "on ", "on\n", "yes,on"];
  for (const value of [...others, ...near]) {
    assertEquals(guess_scheme({ HTTPS: value }), "http", value);
  }
});

Deno.test('guess_scheme() gives "http" when there is no HTTPS', () => {
  assertEquals(guess_scheme({}), "http");
});

// --- application_uri() ---

/** An environ as a server at example.com would make it. */
function environ_of(changes: PartialEnvironment = {}): PartialEnvironment {
  return {
    "wsgi.url_scheme": "http",
    SERVER_NAME: "example.com",
    SERVER_PORT: "80",
    SCRIPT_NAME: "",
    PATH_INFO: "",
    ...changes,
  };
}

/** Checks one URI of the environ that `changes` make. */
function check_uri(
  uri: (environ: PartialEnvironment) => string,
  changes: PartialEnvironment,
  expected: string,
): void {
  assertEquals(uri(environ_of(changes)), expected);
}

Deno.test("application_uri() ends in a slash when SCRIPT_NAME is empty", () => {
  check_uri(application_uri, {}, "http://example.com/");
});

Deno.test("application_uri() ends in a slash when there is no SCRIPT_NAME", () => {
  const environ = environ_of();
  delete environ.SCRIPT_NAME;
  assertEquals(application_uri(environ), "http://example.com/");
});

Deno.test("application_uri() ends in SCRIPT_NAME when there is one", () => {
  check_uri(
    application_uri,
    { SCRIPT_NAME: "/blog/2026" },
    "http://example.com/blog/2026",
  );
});

Deno.test("application_uri() leaves path and query out when there are some", () => {
  check_uri(
    application_uri,
    { SCRIPT_NAME: "/blog", PATH_INFO: "/a", QUERY_STRING: "b=c" },
    "http://example.com/blog",
  );
});

Deno.test("application_uri() takes HTTP_HOST as it is when there is one", () => {
  check_uri(
    application_uri,
    { HTTP_HOST: "example.org:8000", SERVER_PORT: "9000" },
    "http://example.org:8000/",
  );
});

Deno.test("application_uri() keeps the port of HTTP_HOST when it is the scheme's own", () => {
  check_uri(
    application_uri,
    { HTTP_HOST: "example.org:80" },
    "http://example.org:80/",
  );
});

Deno.test("application_uri() takes SERVER_NAME when HTTP_HOST is empty", () => {
  check_uri(application_uri, { HTTP_HOST: "" }, "http://example.com/");
});

Deno.test("application_uri() takes SERVER_NAME when HTTP_HOST is null", () => {
  check_uri(application_uri, { HTTP_HOST: null }, "http://example.com/");
});

for (
  const [scheme, port, authority] of [
    ["http", "80", "example.com"],
    ["http", "443", "example.com:443"],
    ["http", "8000", "example.com:8000"],
    ["https", "443", "example.com"],
    ["https", "80", "example.com:80"],
    ["https", "8443", "example.com:8443"],
    // wsgiref knows two cases only: https, and all the rest.
    ["ws", "80", "example.com"],
    // The port is compared as text.
    ["http", "080", "example.com:080"],
  ]
) {
  Deno.test(`application_uri() names ${authority} when ${scheme} is served at port ${port}`, () => {
    check_uri(
      application_uri,
      { "wsgi.url_scheme": scheme, SERVER_PORT: port },
      `${scheme}://${authority}/`,
    );
  });
}

// PEP 3333 forbids an empty SERVER_PORT; this is what wsgiref makes of one.
Deno.test("application_uri() keeps the colon when SERVER_PORT is empty", () => {
  check_uri(application_uri, { SERVER_PORT: "" }, "http://example.com:/");
});

Deno.test("application_uri() encodes a byte of SCRIPT_NAME when it is above ASCII", () => {
  check_uri(
    application_uri,
    { SCRIPT_NAME: "/sp\u00e4m" },
    "http://example.com/sp%E4m",
  );
});

/** Every character of a native string as it stands in a path, where `safe` and RFC 3986's unreserved ones stay. */
function encoded(safe: string): [char: string, expected: string][] {
  return Array.from({ length: 256 }, (_, code) => {
    const char = String.fromCharCode(code);
    const hex = code.toString(16).toUpperCase().padStart(2, "0");
    const stays = /[A-Za-z0-9]/.test(char) || `-._~${safe}`.includes(char);
    return [char, stays ? char : `%${hex}`];
  });
}

Deno.test("application_uri() encodes all but unreserved characters and the slash when they are in SCRIPT_NAME", () => {
  for (const [char, expected] of encoded("/")) {
    check_uri(
      application_uri,
      { SCRIPT_NAME: `/${char}` },
      `http://example.com/${expected}`,
    );
  }
});

Deno.test("application_uri() throws when SCRIPT_NAME holds no bytes", () => {
  const error = assertThrows(
    () => application_uri(environ_of({ SCRIPT_NAME: "/\u20ac" })),
    TypeError,
  );
  assertEquals(error.message, 'expected characters up to U+00FF, got "\u20ac"');
});

Deno.test("application_uri() leaves environ as it is when it reads it", () => {
  const environ = environ_of({ SCRIPT_NAME: "/a b" });
  application_uri(environ);
  assertEquals(environ, environ_of({ SCRIPT_NAME: "/a b" }));
});

// --- request_uri() ---

Deno.test("request_uri() is the root when both paths are empty", () => {
  check_uri(request_uri, {}, "http://example.com/");
});

Deno.test("request_uri() has one slash when SCRIPT_NAME is empty", () => {
  check_uri(request_uri, { PATH_INFO: "/spam" }, "http://example.com/spam");
});

Deno.test("request_uri() ends in SCRIPT_NAME when PATH_INFO is empty", () => {
  check_uri(request_uri, { SCRIPT_NAME: "/spam" }, "http://example.com/spam");
});

Deno.test("request_uri() joins the paths when there are both", () => {
  check_uri(
    request_uri,
    { SCRIPT_NAME: "/blog", PATH_INFO: "/2026/" },
    "http://example.com/blog/2026/",
  );
});

Deno.test("request_uri() ends in SCRIPT_NAME when there is no PATH_INFO", () => {
  const environ = environ_of({ SCRIPT_NAME: "/blog" });
  delete environ.PATH_INFO;
  assertEquals(request_uri(environ), "http://example.com/blog");
});

Deno.test("request_uri() takes off one slash alone when PATH_INFO begins with two", () => {
  check_uri(request_uri, { PATH_INFO: "//a" }, "http://example.com//a");
});

Deno.test("request_uri() encodes all but unreserved characters and /;=, when they are in PATH_INFO", () => {
  for (const [char, expected] of encoded("/;=,")) {
    check_uri(
      request_uri,
      { PATH_INFO: `/${char}` },
      `http://example.com/${expected}`,
    );
  }
});

Deno.test("request_uri() encodes a semicolon in SCRIPT_NAME alone when it is in both paths", () => {
  check_uri(
    request_uri,
    { SCRIPT_NAME: "/a;b", PATH_INFO: "/c;d" },
    "http://example.com/a%3Bb/c;d",
  );
});

Deno.test("request_uri() encodes the percent sign when a path was decoded once", () => {
  check_uri(
    request_uri,
    { PATH_INFO: "/100%25" },
    "http://example.com/100%2525",
  );
});

Deno.test("request_uri() adds the query as it is when there is one", () => {
  check_uri(
    request_uri,
    { PATH_INFO: "/spam", QUERY_STRING: "s%E4y=ni&a b=\u00e4" },
    "http://example.com/spam?s%E4y=ni&a b=\u00e4",
  );
});

Deno.test("request_uri() has no question mark when the query is empty", () => {
  check_uri(
    request_uri,
    { PATH_INFO: "/spam", QUERY_STRING: "" },
    "http://example.com/spam",
  );
});

Deno.test("request_uri() leaves the query out when include_query is false", () => {
  const environ = environ_of({ PATH_INFO: "/spam", QUERY_STRING: "say=ni" });
  assertEquals(request_uri(environ, false), "http://example.com/spam");
});

Deno.test("request_uri() takes host and port as application_uri() does when there is no HTTP_HOST", () => {
  check_uri(
    request_uri,
    { "wsgi.url_scheme": "https", SERVER_PORT: "8443", PATH_INFO: "/a" },
    "https://example.com:8443/a",
  );
});

Deno.test("request_uri() throws when PATH_INFO holds no bytes", () => {
  const error = assertThrows(
    () => request_uri(environ_of({ PATH_INFO: "/\u20ac" })),
    TypeError,
  );
  assertEquals(error.message, 'expected characters up to U+00FF, got "\u20ac"');
});

Deno.test("request_uri() leaves environ as it is when it reads it", () => {
  const environ = environ_of({ PATH_INFO: "/a b", QUERY_STRING: "c" });
  request_uri(environ);
  assertEquals(environ, environ_of({ PATH_INFO: "/a b", QUERY_STRING: "c" }));
});

// --- shift_path_info() ---

type Shift = [
  script_name: string,
  path_info: string,
  segment: string | null,
  script_name_after: string,
  path_info_after: string,
];

/** What wsgiref gives for each. */
const SHIFTS: Shift[] = [
  // One segment after the other.
  ["", "/", "", "/", ""],
  ["", "/x", "x", "/x", ""],
  ["/", "", null, "/", ""],
  ["/a", "", null, "/a", ""],
  ["/a", "/", "", "/a/", ""],
  ["/a", "/x", "x", "/a/x", ""],
  ["/a", "/x/", "x", "/a/x", "/"],
  ["/a", "/x/y", "x", "/a/x", "/y"],
  ["/a", "/x/y/", "x", "/a/x", "/y/"],
  ["/a", "/caf\u00c3\u00a9/y", "caf\u00c3\u00a9", "/a/caf\u00c3\u00a9", "/y"],
  ["/a", "/x\0y/\n", "x\0y", "/a/x\0y", "/\n"],
  // Two dots go back up, to the root at most.
  ["/a/b", "/../y", "..", "/a", "/y"],
  ["/a/b", "/..", "..", "/a", ""],
  ["/a", "/../", "..", "", "/"],
  ["", "/../y", "..", "", "/y"],
  ["", "/..", "..", "", ""],
  ["/a/b", "/.../y", "...", "/a/b/...", "/y"],
  // Empty segments and single dots are passed over, except at the end.
  ["/a/b", "//y", "y", "/a/b/y", ""],
  ["/a/b", "//y/", "y", "/a/b/y", "/"],
  ["/a/b", "/./y", "y", "/a/b/y", ""],
  ["/a/b", "/./y/", "y", "/a/b/y", "/"],
  ["/a/b", "///./..//y/.//", "..", "/a", "/y/"],
  ["/a/b", "/x//", "x", "/a/b/x", "/"],
  ["/a/b", "/x/.", "x", "/a/b/x", "/."],
  ["/a/b", "///", "", "/a/b/", ""],
  ["/a/b", "/.//", "", "/a/b/", ""],
  ["", "//", "", "/", ""],
  ["/a/b", "/.", null, "/a/b", ""],
  ["", "/.", null, "", ""],
  // SCRIPT_NAME is made normal too.
  ["/a/", "/", "", "/a/", ""],
  ["/a//b/./c/..", "/x", "x", "/a/b/x", ""],
  ["/", "/", "", "/", ""],
  ["/", "/.", null, "/", ""],
  ["/", "/x", "x", "//x", ""],
  ["//", "/", "", "/", ""],
  ["//", "/x", "x", "/x", ""],
  // A path without a root has something above it.
  ["a", "/..", "..", ".", ""],
  ["a/..", "/", "", "./", ""],
  ["..", "/..", "..", "../..", ""],
  ["", "x/y", "y", "/y", "x"],
];

for (const [script_name, path_info, segment, ...after] of SHIFTS) {
  const quoted = [segment, script_name, path_info].map((it) =>
    JSON.stringify(it)
  );
  Deno.test(`shift_path_info() gives ${quoted[0]} when SCRIPT_NAME is ${quoted[1]} and PATH_INFO ${quoted[2]}`, () => {
    const environ = { SCRIPT_NAME: script_name, PATH_INFO: path_info };
    assertEquals([shift_path_info(environ), environ], [
      segment,
      { SCRIPT_NAME: after[0], PATH_INFO: after[1] },
    ]);
  });
}

Deno.test("shift_path_info() gives every segment when it is called again and again", () => {
  const environ = { SCRIPT_NAME: "/a", PATH_INFO: "/b/./c//d/" };
  const segments = Array.from({ length: 6 }, () => shift_path_info(environ));
  assertEquals(segments, ["b", "c", "d", "", null, null]);
  assertEquals(environ, { SCRIPT_NAME: "/a/b/c/d/", PATH_INFO: "" });
});

Deno.test("shift_path_info() begins SCRIPT_NAME when there is none", () => {
  const environ: PartialEnvironment = { PATH_INFO: "/x/y" };
  assertEquals(shift_path_info(environ), "x");
  assertEquals(environ, { SCRIPT_NAME: "/x", PATH_INFO: "/y" });
});

Deno.test("shift_path_info() leaves environ as it is when there is no PATH_INFO", () => {
  const environ: PartialEnvironment = { SCRIPT_NAME: "/a//" };
  assertEquals(shift_path_info(environ), null);
  assertEquals(environ, { SCRIPT_NAME: "/a//" });
});

Deno.test("shift_path_info() leaves the other variables as they are when it shifts", () => {
  const environ = { SCRIPT_NAME: "", PATH_INFO: "/x", REQUEST_URI: "/x?y" };
  shift_path_info(environ);
  assertEquals(environ, {
    SCRIPT_NAME: "/x",
    PATH_INFO: "",
    REQUEST_URI: "/x?y",
  });
});

Deno.test("shift_path_info() throws when PATH_INFO has no slash", () => {
  const environ = { SCRIPT_NAME: "/a", PATH_INFO: "x" };
  const error = assertThrows(() => shift_path_info(environ), RangeError);
  assertEquals(error.message, 'PATH_INFO must begin with "/", got "x"');
});

Deno.test("shift_path_info() leaves environ as it is when it throws", () => {
  const environ = { SCRIPT_NAME: "/a", PATH_INFO: "x" };
  assertThrows(() => shift_path_info(environ), RangeError);
  assertEquals(environ, { SCRIPT_NAME: "/a", PATH_INFO: "x" });
});

// --- setup_testing_defaults() ---

/** What it makes of `environ`. */
function defaults_of(environ: PartialEnvironment = {}): PartialEnvironment {
  setup_testing_defaults(environ);
  return environ;
}

Deno.test("setup_testing_defaults() sets all that an environ needs when it is empty", () => {
  const {
    "wsgi.input": input,
    "wsgi.errors": errors,
    ...others
  } = defaults_of();
  assertInstanceOf(input, ReadableStream);
  assertEquals(String(errors), "");
  assertEquals(others, {
    SERVER_NAME: "127.0.0.1",
    SERVER_PROTOCOL: "HTTP/1.0",
    HTTP_HOST: "127.0.0.1",
    REQUEST_METHOD: "GET",
    SCRIPT_NAME: "",
    PATH_INFO: "/",
    // Beyond wsgiref's: an environ of types.ts always has these two.
    QUERY_STRING: "",
    "wsgi.input_terminated": true,
    "wsgi.version": [1, 0],
    "wsgi.run_once": false,
    "wsgi.multithread": false,
    "wsgi.multiprocess": false,
    "wsgi.url_scheme": "http",
    SERVER_PORT: "80",
  });
});

for (
  const [key, value] of Object.entries({
    SERVER_NAME: "example.com",
    SERVER_PROTOCOL: "HTTP/1.1",
    HTTP_HOST: "example.org",
    REQUEST_METHOD: "POST",
    SCRIPT_NAME: "/a",
    PATH_INFO: "/b",
    QUERY_STRING: "c=d",
    SERVER_PORT: "8000",
    "wsgi.input": stream_of("e"),
    "wsgi.input_terminated": false,
    "wsgi.errors": new Log(),
    "wsgi.version": [1, 1],
    "wsgi.run_once": true,
    "wsgi.multithread": true,
    "wsgi.multiprocess": true,
    "wsgi.url_scheme": "https",
  })
) {
  Deno.test(`setup_testing_defaults() keeps ${key} when it is there`, () => {
    assertStrictEquals(defaults_of({ [key]: value })[key], value);
  });

  Deno.test(`setup_testing_defaults() keeps ${key} when it is null`, () => {
    assertStrictEquals(defaults_of({ [key]: null })[key], null);
  });
}

Deno.test("setup_testing_defaults() keeps a variable when it knows nothing of it", () => {
  assertEquals(defaults_of({ "x.user": "me" })["x.user"], "me");
});

Deno.test("setup_testing_defaults() takes HTTP_HOST from SERVER_NAME when that is there", () => {
  const environ = defaults_of({ SERVER_NAME: "foo.bar" });
  assertEquals(environ.HTTP_HOST, "foo.bar");
});

Deno.test("setup_testing_defaults() sets no PATH_INFO when SCRIPT_NAME is there", () => {
  assertFalse("PATH_INFO" in defaults_of({ SCRIPT_NAME: "/a" }));
});

Deno.test("setup_testing_defaults() sets no SCRIPT_NAME when PATH_INFO is there", () => {
  assertFalse("SCRIPT_NAME" in defaults_of({ PATH_INFO: "/a" }));
});

for (
  const [https, scheme, port] of [
    ["on", "https", "443"],
    ["1", "https", "443"],
    ["yes", "https", "443"],
    ["foo", "http", "80"],
  ]
) {
  Deno.test(`setup_testing_defaults() chooses ${scheme} and port ${port} when HTTPS is "${https}"`, () => {
    const environ = defaults_of({ HTTPS: https });
    assertEquals(
      [environ["wsgi.url_scheme"], environ.SERVER_PORT],
      [scheme, port],
    );
  });
}

Deno.test("setup_testing_defaults() takes the port from wsgi.url_scheme when that is there", () => {
  const environ = defaults_of({ "wsgi.url_scheme": "https" });
  assertEquals(environ.SERVER_PORT, "443");
});

Deno.test("setup_testing_defaults() sets no SERVER_PORT when the scheme is neither http nor https", () => {
  assertFalse("SERVER_PORT" in defaults_of({ "wsgi.url_scheme": "ws" }));
});

Deno.test("setup_testing_defaults() makes a wsgi.input that has ended when there is none", async () => {
  const environ: PartialEnvironment = {};
  setup_testing_defaults(environ);
  assertEquals(await Array.fromAsync(environ["wsgi.input"]), []);
});

Deno.test("setup_testing_defaults() makes a wsgi.errors that keeps its text when there is none", () => {
  const environ: PartialEnvironment = {};
  setup_testing_defaults(environ);
  const errors = environ["wsgi.errors"];
  errors.write("a\n");
  errors.writelines(["b", "c"]);
  errors.flush();
  assertEquals(String(errors), "a\nbc");
});

Deno.test("setup_testing_defaults() shares no object between environs when it makes two", () => {
  const [one, other] = [defaults_of(), defaults_of()];
  for (const key of ["wsgi.version", "wsgi.input", "wsgi.errors"]) {
    assertFalse(one[key] === other[key], key);
  }
});

// --- is_hop_by_hop() ---

for (
  const name of [
    "Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "TE",
    "Trailers",
    "Transfer-Encoding",
    "Upgrade",
  ]
) {
  Deno.test(`is_hop_by_hop() is true when the header is ${name}, in any case`, () => {
    const lower = name.toLowerCase();
    const mixed = [...lower].map((char, i) => i % 2 ? char.toUpperCase() : char)
      .join("");
    for (const spelling of [name, lower, name.toUpperCase(), mixed]) {
      assert(is_hop_by_hop(spelling), spelling);
    }
  });
}

Deno.test("is_hop_by_hop() is false when the header is any other", () => {
  const others = ["Accept", "Cache-Control", "Date", "Pragma", "Via"];
  const near = ["", "Trailer", "T", "Connection ", "Keep_Alive", "constructor"];
  for (const name of [...others, ...near]) {
    for (const spelling of [name, name.toLowerCase(), name.toUpperCase()]) {
      assertFalse(is_hop_by_hop(spelling), spelling);
    }
  }
});

// --- FileWrapper ---

/** A file in memory, which notes what is asked of it. */
class MemoryFile implements Reader {
  #left: Uint8Array;
  /** The size of each buffer that it was to fill. */
  asked: number[] = [];
  closed = 0;

  constructor(content: string) {
    this.#left = bytes(content);
  }

  read(p: Uint8Array): Promise<number | null> {
    this.asked.push(p.byteLength);
    if (this.#left.length === 0) return Promise.resolve(null);
    const part = this.#left.subarray(0, p.byteLength);
    p.set(part);
    this.#left = this.#left.subarray(part.length);
    return Promise.resolve(part.length);
  }

  close(): void {
    this.closed++;
  }
}

/** A file that reads as `lengths` say, in bytes of "x". */
function file_of_lengths(lengths: (number | null)[]): Reader {
  const left = lengths.values();
  return {
    read(p) {
      const length = left.next().value ?? null;
      p.fill("x".charCodeAt(0), 0, length ?? 0);
      return Promise.resolve(length);
    },
  };
}

/** The blocks as text. */
async function blocks_of(
  filelike: FileLike | FileWrapper,
  blksize?: number,
): Promise<string[]> {
  const wrapper = filelike instanceof FileWrapper
    ? filelike
    : new FileWrapper(filelike, blksize);
  return (await Array.fromAsync(wrapper)).map(text);
}

/** A file on disk, opened; closed and removed with the scope. */
async function file_on_disk(content: string) {
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, bytes(content));
  const file = await Deno.open(path);
  return {
    file,
    async [Symbol.asyncDispose]() {
      file[Symbol.dispose]();
      await Deno.remove(path);
    },
  };
}

Deno.test("FileWrapper() keeps what it was given when it is made", () => {
  const file = new MemoryFile("");
  const wrapper = new FileWrapper(file, 7);
  assertStrictEquals(wrapper.filelike, file);
  assertEquals(wrapper.blksize, 7);
});

Deno.test("FileWrapper() takes blocks of 8192 bytes when no size is given", () => {
  assertEquals(new FileWrapper(new MemoryFile("")).blksize, 8192);
});

Deno.test("FileWrapper() reads nothing when it is only made", () => {
  const file = new MemoryFile("a");
  new FileWrapper(file);
  assertEquals(file.asked, []);
});

Deno.test("FileWrapper() leaves a stream unlocked when it is only made", () => {
  const stream = stream_of("a");
  new FileWrapper(stream);
  assertFalse(stream.locked);
});

Deno.test("FileWrapper() gives blocks of blksize when the file is a Reader", async () => {
  const file = new MemoryFile("xyz".repeat(50));
  assertEquals(await blocks_of(file, 120), [
    "xyz".repeat(40),
    "xyz".repeat(10),
  ]);
});

Deno.test("FileWrapper() asks for blksize bytes each time when the file is a Reader", async () => {
  const file = new MemoryFile("abc");
  await blocks_of(file, 2);
  assertEquals(file.asked, [2, 2, 2]);
});

Deno.test("FileWrapper() gives single bytes when blksize is 1", async () => {
  assertEquals(await blocks_of(new MemoryFile("abc"), 1), ["a", "b", "c"]);
});

Deno.test("FileWrapper() gives no block when the Reader is at its end", async () => {
  assertEquals(await blocks_of(new MemoryFile("")), []);
});

Deno.test("FileWrapper() gives a short block when the Reader has no more for now", async () => {
  assertEquals(await blocks_of(file_of_lengths([2, 4, 1]), 4), [
    "xx",
    "xxxx",
    "x",
  ]);
});

Deno.test("FileWrapper() reads on when a Reader gives no byte before its end", async () => {
  assertEquals(await blocks_of(file_of_lengths([0, 1, 0, 0, 2]), 4), [
    "x",
    "xx",
  ]);
});

Deno.test("FileWrapper() leaves a block as it is when the next one is read", async () => {
  const blocks = await Array.fromAsync(
    new FileWrapper(new MemoryFile("abcd"), 2),
  );
  assertFalse(blocks[0]!.buffer === blocks[1]!.buffer);
});

Deno.test("FileWrapper() goes on where it was when a Reader is iterated again", async () => {
  const wrapper = new FileWrapper(new MemoryFile("abcd"), 1);
  for await (const block of wrapper) {
    if (text(block) === "b") break;
  }
  assertEquals(await blocks_of(wrapper), ["c", "d"]);
});

Deno.test("FileWrapper() leaves a Reader open when it has been read to its end", async () => {
  const file = new MemoryFile("a");
  await blocks_of(file);
  assertEquals(file.closed, 0);
});

Deno.test("FileWrapper() leaves a Reader open when the iteration is broken off", async () => {
  const file = new MemoryFile("ab");
  for await (const _ of new FileWrapper(file, 1)) break;
  assertEquals(file.closed, 0);
});

Deno.test("FileWrapper() throws what the Reader threw when it is iterated", async () => {
  const failure = new Deno.errors.Interrupted("gone");
  const file = { read: () => Promise.reject(failure) };
  assertStrictEquals(await assertRejects(() => blocks_of(file)), failure);
});

Deno.test("FileWrapper() keeps the chunks of a stream when blksize is another", async () => {
  assertEquals(await blocks_of(stream_of("abc", "d"), 2), ["abc", "d"]);
});

Deno.test("FileWrapper() gives no block when the stream is empty", async () => {
  assertEquals(await blocks_of(stream_of()), []);
});

Deno.test("FileWrapper() leaves out a chunk when it is empty", async () => {
  assertEquals(await blocks_of(stream_of("", "a", "", "b", "")), ["a", "b"]);
});

Deno.test("FileWrapper() throws what the stream failed with when it is iterated", async () => {
  const failure = new Deno.errors.Interrupted("gone");
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.error(failure),
  });
  assertStrictEquals(await assertRejects(() => blocks_of(stream)), failure);
});

Deno.test("FileWrapper() gives blocks of blksize when the file is a Deno.FsFile", async () => {
  await using disk = await file_on_disk("abcdefg");
  assertEquals(await blocks_of(disk.file, 3), ["abc", "def", "g"]);
});

Deno.test("FileWrapper() begins at the current offset when the file is a Deno.FsFile", async () => {
  await using disk = await file_on_disk("abcdefg");
  await disk.file.seek(4, Deno.SeekMode.Start);
  assertEquals(await blocks_of(disk.file), ["efg"]);
});

Deno.test("FileWrapper() leaves a Deno.FsFile open when it has been read to its end", async () => {
  await using disk = await file_on_disk("abc");
  await blocks_of(disk.file);
  assertEquals(await disk.file.seek(0, Deno.SeekMode.Current), 3);
});

Deno.test("FileWrapper.close() closes the file when it is a Deno.FsFile", async () => {
  await using disk = await file_on_disk("abc");
  await new FileWrapper(disk.file).close();
  await assertRejects(
    () => disk.file.read(new Uint8Array(1)),
    Deno.errors.BadResource,
  );
});

Deno.test("FileWrapper.close() calls close() of a Reader once when it is called", async () => {
  const file = new MemoryFile("a");
  await new FileWrapper(file).close();
  assertEquals(file.closed, 1);
});

Deno.test("FileWrapper.close() waits for close() of a Reader when that takes its time", async () => {
  let closed = false;
  const file = {
    read: () => Promise.resolve(null),
    async close() {
      await new Promise((resolve) => setTimeout(resolve));
      closed = true;
    },
  };
  await new FileWrapper(file).close();
  assert(closed);
});

Deno.test("FileWrapper.close() rejects when close() of a Reader throws", async () => {
  const failure = new Error("disk full");
  const file: Reader = {
    read: () => Promise.resolve(null),
    close() {
      throw failure;
    },
  };
  const wrapper = new FileWrapper(file);
  assertStrictEquals(await assertRejects(() => wrapper.close()), failure);
});

Deno.test("FileWrapper.close() does nothing when a Reader has no close()", async () => {
  await new FileWrapper({ read: () => Promise.resolve(null) }).close();
});

/** A stream that stays open, and counts its cancellations. */
function open_stream() {
  const seen = { cancelled: 0 };
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(bytes("a")),
    cancel() {
      seen.cancelled++;
    },
  });
  return { stream, seen };
}

Deno.test("FileWrapper.close() cancels a stream when nothing of it was read", async () => {
  const { stream, seen } = open_stream();
  await new FileWrapper(stream).close();
  assertEquals(seen.cancelled, 1);
});

Deno.test("FileWrapper.close() cancels a stream once when the iteration was broken off", async () => {
  const { stream, seen } = open_stream();
  const wrapper = new FileWrapper(stream);
  for await (const _ of wrapper) break;
  await wrapper.close();
  assertEquals(seen.cancelled, 1);
});

Deno.test("FileWrapper.close() cancels a stream when it is under iteration", async () => {
  const { stream, seen } = open_stream();
  const wrapper = new FileWrapper(stream);
  await wrapper[Symbol.asyncIterator]().next();
  await wrapper.close();
  assertEquals(seen.cancelled, 1);
});

Deno.test("FileWrapper.close() cancels nothing when the stream has ended", async () => {
  const wrapper = new FileWrapper(stream_of("a"));
  await blocks_of(wrapper);
  await wrapper.close();
});

for (
  const [filelike, came] of [
    [null, "null"],
    [undefined, "undefined"],
    ["abc", '"abc"'],
    [5, "5"],
    [{}, "an object of class Object"],
    [new Uint8Array(2), "an object of class Uint8Array"],
    [new Blob(["a"]), "an object of class Blob"],
    [[1, 2], "an array of 2"],
    [() => {}, "a function"],
  ] as [unknown, string][]
) {
  Deno.test(`FileWrapper() throws when the file is ${came}`, () => {
    const error = assertThrows(
      () => new FileWrapper(filelike as FileLike),
      TypeError,
    );
    assertEquals(
      error.message,
      `a file must be a ReadableStream or have read(), got ${came}`,
    );
  });
}

Deno.test("FileWrapper() throws when read of the file is no function", () => {
  const error = assertThrows(
    () => new FileWrapper({ read: "no" } as unknown as FileLike),
    TypeError,
  );
  assertEquals(
    error.message,
    "a file must be a ReadableStream or have read(), got an object of class Object",
  );
});

for (
  const [blksize, came] of [
    [0, "0"],
    [-1, "-1"],
    [1.5, "1.5"],
    [NaN, "NaN"],
    [Infinity, "Infinity"],
    ["8", '"8"'],
    [null, "null"],
  ] as [unknown, string][]
) {
  Deno.test(`FileWrapper() throws when blksize is ${came}`, () => {
    const error = assertThrows(
      () => new FileWrapper(stream_of(), blksize as number),
      RangeError,
    );
    assertEquals(
      error.message,
      `blksize must be a whole number above 0, got ${came}`,
    );
  });
}
