/** `python_application()`: how an application in Python is called, over HTTP. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { createHash } from "node:crypto";
import { python_application, PythonLoadError } from "../../python/mod.ts";
import { receive_body } from "../../python/calls/request_body.ts";
import type { WSGIApplication } from "../../types.ts";
import { root, serve } from "../support/support.ts";
import { python_test } from "./support.ts";

const APPS = new URL("tests/python/apps/", root).pathname;

let loaded: Promise<WSGIApplication> | null = null;
const printed: string[] = [];

function load(): Promise<WSGIApplication> {
  return loaded ??= python_application(`${APPS}behaviour.py`, {
    stdout: {
      writeSync(data) {
        printed.push(new TextDecoder().decode(data));
        return data.length;
      },
    },
  });
}

/** Serves behaviour.py. */
async function start() {
  const { server, port, log } = serve(await load());
  const address = `http://127.0.0.1:${port}`;
  return {
    log,
    fetch: (path: string, init?: RequestInit) => fetch(address + path, init),
    async text(path: string, init?: RequestInit): Promise<string> {
      return await (await fetch(address + path, init)).text();
    },
    [Symbol.asyncDispose]: () => server.server_close(),
  };
}

function post(body: BodyInit): RequestInit {
  return { method: "POST", body };
}

for (const size of [0, 100_000]) {
  python_test(
    `wsgi.input can be read in every way, after ${size} bytes`,
    async () => {
      await using server = await start();
      const text = `${"x".repeat(size)}\none\ntwo\nthree\nfour\nfive\nsix\n`;
      const read = await server.text("/reads", post(text));
      const first = size === 0
        ? "[b'\\no', b'ne\\n'"
        : `[b'xx', b'${"x".repeat(size - 2)}\\n'`;
      const rest = size === 0
        ? ", b'tw', [b'o\\n', b'three\\n'], b'fou', [b'r\\n', b'five\\n', b'six\\n'], b'', b'']"
        : ", b'on', [b'e\\n', b'two\\n'], b'thr', [b'ee\\n', b'four\\n', b'five\\n', b'six\\n'], b'', b'']";
      assertEquals(read, first + rest);
    },
  );
}

python_test(
  "a long body is received in a temporary file, which is removed",
  async () => {
    await using server = await start();
    const folder = Deno.env.get("TMPDIR") ?? "/tmp";
    const files = () =>
      Array.from(Deno.readDirSync(folder))
        .filter(({ name }) => name.startsWith("tsgi-body-")).length;
    const before = files();
    const block = new Uint8Array(1 << 20).map((_, index) => index * 7);
    const hash = createHash("sha256");
    let left = 20;
    const body = new ReadableStream({
      pull(controller) {
        if (left-- === 0) return controller.close();
        hash.update(block);
        controller.enqueue(block.slice());
      },
    });
    const answer = await server.text("/digest", post(body));
    assertEquals(answer, `${20 << 20} ${hash.digest("hex")}`);
    assertEquals(files(), before);
  },
);

Deno.test("receive_body() says what to allow if a long body may not be written to a file", async () => {
  const folder = "/nowhere";
  using _denied = denied_write();
  const stream = new Blob([new Uint8Array(600_000)]).stream();
  await assertRejects(
    () => receive_body(stream, folder),
    Deno.errors.NotCapable,
    "a body of more than 524288 bytes is kept in /nowhere: allow that with --allow-write=/nowhere",
  );
});

/** Makes permission queries deny writing. */
function denied_write() {
  const { querySync } = Deno.permissions;
  Deno.permissions.querySync = (descriptor) =>
    descriptor.name === "write"
      ? {
        ...querySync.call(Deno.permissions, descriptor),
        state: "denied",
      } as Deno.PermissionStatus
      : querySync.call(Deno.permissions, descriptor);
  return {
    [Symbol.dispose]() {
      Deno.permissions.querySync = querySync;
    },
  };
}

python_test(
  "threading.local and context variables belong to a request while others are answered between its blocks",
  async () => {
    await using server = await start();
    await server.text("/sets_locals?before");
    const slow = await Promise.all(
      ["one", "two", "three"].map((name) => server.fetch(`/stream?${name}`)),
    );
    assertEquals(await server.text("/sets_locals?other"), "set");
    for (const [index, name] of ["one", "two", "three"].entries()) {
      assertEquals(await server.text("/sets_locals?again"), "set");
      const text = (await slow[index]!.text()).replace(/^x+/, "");
      assertEquals(new Set(text.split("\n")), new Set([`${name} ${name}`]));
    }
    const events = JSON.parse(await server.text("/show_events"));
    assertEquals(events, ["one closed", "two closed", "three closed"]);
  },
);

python_test(
  "a generator gets GeneratorExit when its client disconnects",
  async () => {
    await using server = await start();
    const response = await server.fetch("/stream?leaving");
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
    const events: string[] = [];
    while (events.length < 2) {
      events.push(...JSON.parse(await server.text("/show_events")));
    }
    assertEquals(events, ["leaving left", "leaving closed"]);
  },
);

for (const [path, body] of [["/closing", "ab"], ["/closing_whole", "a"]]) {
  python_test(`close() of a result is called once: ${path}`, async () => {
    await using server = await start();
    assertEquals(await server.text(path!), body);
    assertEquals(await server.text("/show_events"), '["closed"]');
  });
}

python_test(
  "write() and the blocks of the result keep their order",
  async () => {
    await using server = await start();
    const expected = Array.from(
      { length: 40 },
      (_, number) => `w${number} `.repeat(5000) + `y${number} `,
    );
    assertEquals(await server.text("/writes_between"), expected.join(""));
  },
);

python_test(
  "wsgi.file_wrapper sends a file from its current position",
  async () => {
    await using server = await start();
    const source = await Deno.readTextFile(`${APPS}behaviour.py`);
    assertEquals(await server.text("/file"), source.slice(3));
    assertEquals(await server.text("/memory_file"), "in memory".repeat(5000));
  },
);

python_test(
  "an exception is logged as Python prints it, with its cause",
  async () => {
    await using server = await start();
    const response = await server.fetch("/chained");
    assertEquals(response.status, 500);
    await response.body?.cancel();
    const log = server.log.text.replaceAll(APPS, "").replaceAll(
      /line \d+/g,
      "line N",
    );
    assertStringIncludes(
      log,
      `Traceback (most recent call last):
  File "behaviour.py", line N, in chained
    {}["missing"]
    ~~^^^^^^^^^^^
KeyError: 'missing'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "behaviour.py", line N, in application
    return globals()[environ["PATH_INFO"][1:]](environ, start_response)
           ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~^^^^^^^^^^^^^^^^^^^^^^^^^
  File "behaviour.py", line N, in chained
    raise ValueError("caf\\u00e9") from error
ValueError: caf\u00e9
`,
    );
  },
);

for (
  const [path, log] of [
    ["/exits", "SystemExit: enough"],
    ["/interrupts", "KeyboardInterrupt"],
  ]
) {
  python_test(`${log} ends the request, but not the server`, async () => {
    await using server = await start();
    const response = await server.fetch(path!);
    assertEquals(response.status, 500);
    await response.body?.cancel();
    assertStringIncludes(server.log.text, log!);
    assertEquals(await server.text("/keys").then((text) => text.length), 73);
  });
}

python_test(
  "json.loads() of deeply nested arrays raises RecursionError and does not crash the interpreter",
  async () => {
    await using server = await start();
    assertEquals(await server.text("/deep"), "RecursionError");
    assertEquals(
      await server.text("/deep_enough"),
      JSON.stringify([["[[[\\", 'a"[[[['], 5000]).replaceAll(",", ", "),
    );
    assertEquals(await server.text("/runaway"), "RecursionError");
  },
);

python_test(
  "os.getpid(), os.geteuid() and os.getegid() are those of the process",
  async () => {
    await using server = await start();
    assertEquals(
      await server.text("/process"),
      `${Deno.pid} ${Deno.uid()} ${Deno.gid()}`,
    );
  },
);

python_test("pbkdf2_hmac(), scrypt() and time zones work", async () => {
  await using server = await start();
  assertEquals(
    await server.text("/keys"),
    // RFC 7914, section 12, is longer: its first 16 bytes are the same for any dklen.
    "ae4d0c95af6b46d32d0adff928f06dd02a303f8e fdbabe1c9d3472007856e7190d01e9fe"
      .replace("ae4d0c95af6b46d32d0adff928f06dd02a303f8e", PBKDF2),
  );
  assertEquals(await server.text("/zones"), "2026-07-01T00:00:00+02:00");
});

/** By Web Crypto. */
const PBKDF2 = Array.from(
  new Uint8Array(
    await crypto.subtle.deriveBits(
      {
        name: "PBKDF2",
        hash: "SHA-256",
        salt: new TextEncoder().encode("salt"),
        iterations: 2,
      },
      await crypto.subtle.importKey(
        "raw",
        new TextEncoder().encode("password"),
        "PBKDF2",
        false,
        ["deriveBits"],
      ),
      160,
    ),
  ),
  (byte) => byte.toString(16).padStart(2, "0"),
).join("");

python_test("print() writes to stdout, wsgi.errors to the log", async () => {
  await using server = await start();
  printed.length = 0;
  assertEquals(await server.text("/printing"), "printed");
  assertEquals(printed.join(""), "to stdout\n");
  assertStringIncludes(server.log.text, "to the log: \u00e9\n");
});

python_test("python_application() calls a factory", async () => {
  const app = await python_application(
    `${APPS}behaviour.py:create_application('Hello', end='!')`,
  );
  const { server, port } = serve(app);
  const response = await fetch(`http://127.0.0.1:${port}/`);
  assertEquals(await response.text(), "Hello!");
  await server.server_close();
});

for (
  const [specifier, message] of [
    [
      "behaviour.py:missing",
      /^.*\/behaviour\.py has no callable named missing; it has .*\bcreate_application\b/,
    ],
    [
      "raising.py",
      /^cannot load .*raising\.py: it raised\nTraceback \(most recent call last\):\n {2}File ".*raising\.py", line 1, in <module>\n {4}import no_such_module\nModuleNotFoundError: No module named 'no_such_module'\nModules are looked for in: \/.*$/,
    ],
  ] as [string, RegExp][]
) {
  python_test(`python_application() throws for ${specifier}`, async () => {
    const error = await assertRejects(
      () => python_application(APPS + specifier),
      PythonLoadError,
    );
    assertMatch(error.message, message);
  });
}

for (
  const [specifier, module] of [
    ["package/wsgi.py", "package.wsgi"],
    ["package/__init__.py:make()", "package"],
  ]
) {
  python_test(`a file of a package is imported as ${module}`, async () => {
    await using server = await start();
    assertEquals(await server.text(`/loads?${specifier}`), module);
  });
}

for (
  const [specifier, message] of [
    ["nothing.py", "cannot load APPS/nothing.py: there is no such file"],
    ["made.py:1 +", "expected a name or a call after the colon, got '1 +'"],
    [
      "made.py:app + 1",
      "expected a name or a call after the colon, got 'app + 1'",
    ],
    [
      "made.py:TEXT",
      "APPS/made.py has no callable named TEXT; it has create_app, Thing, server",
    ],
    [
      "made.py",
      "APPS/made.py has no callable named application or app; it has create_app, Thing, server",
    ],
    [
      "made.py:Thing.app",
      "APPS/made.py has no callable named Thing.app; it has create_app, Thing, server",
    ],
    [
      "made.py:create_app(open('/x'))",
      "the arguments of a factory must be literals, got \"create_app(open('/x'))\"",
    ],
    [
      "made.py:create_app()",
      "create_app() must return an application, got None",
    ],
  ]
) {
  python_test(`an application cannot be loaded: ${specifier}`, async () => {
    await using server = await start();
    const answer = await server.text(
      `/loads?${encodeURIComponent(specifier!)}`,
    );
    assertEquals(answer.replaceAll(APPS, "APPS/"), message);
  });
}

python_test("requests do not leak objects", async () => {
  await using server = await start();
  const paths = ["/locals_left", "/closing", "/deep", "/keys", "/file"];
  const round = async () => {
    for (const path of paths) await server.text(path);
    for (const path of ["/chained", "/exits"]) {
      await (await server.fetch(path)).body?.cancel();
    }
    return Number(await server.text("/memory"));
  };
  for (let i = 0; i < 5; i++) await round();
  const before = await round();
  for (let i = 0; i < 20; i++) await round();
  const after = await round();
  assert(after - before < 20, `${before} objects, later ${after}`);
});
