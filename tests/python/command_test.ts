/** The command with applications in Python. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  type Folder,
  make_folder,
  run,
  type Running,
  start,
} from "../support/command.ts";
import { ask } from "../support/processes.ts";
import { until } from "../support/support.ts";
import { python_test } from "./support.ts";

const HELLO = `
import sys
GREETING = "Hello"

def application(environ, start_response):
    if environ["PATH_INFO"] == "/crash":
        value = []
        for _ in range(100_000):
            value = [value]
        repr(value)
    if environ["PATH_INFO"] == "/loop":
        while True:
            pass
    if environ["PATH_INFO"] == "/deaf":
        import itertools
        sum(itertools.repeat(1))
    if environ["PATH_INFO"] == "/error":
        raise ValueError("broken")
    print("printed")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [GREETING.encode()]

def create_app(greeting="made"):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [greeting.encode()]
    return app
`;

/** The folder of the application, and the command that serves it. */
interface Served extends AsyncDisposable {
  folder: Folder;
  server: Running;
}

/** Serves `app.py`. */
async function serve(...args: string[]): Promise<Served> {
  const folder = await make_folder({ "app.py": HELLO });
  const server = await start(args, { cwd: folder.path });
  return {
    folder,
    server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Waits until a process answers at the port again. */
async function until_replaced(port: number): Promise<void> {
  let answer = "";
  await until(() => {
    ask(port).then((text) => answer = text, () => {});
    return answer !== "";
  });
  assertEquals(answer, "Hello");
}

for (
  const [args, answer] of [
    [["app.py"], "Hello"],
    [["app:create_app('other')"], "other"],
    [["--workers", "2", "--validate", "app:application"], "Hello"],
  ] as [string[], string][]
) {
  python_test(`the command serves ${args.join(" ")}`, async () => {
    await using served = await serve(...args);
    assertEquals(await ask(served.server.port), answer);
  });
}

python_test(
  "the command changes to --chdir and looks for modules in --pythonpath",
  async () => {
    await using packages = await make_folder({ "shop.py": HELLO });
    await using folder = await make_folder({
      "app.py": "from shop import application\n",
    });
    await using server = await start([
      "--chdir",
      folder.path,
      "--pythonpath",
      packages.path,
      "app",
    ]);
    assertEquals(await ask(server.port), "Hello");
  },
);

python_test(
  "a CGI script in Python answers, and print() does not write to its response",
  async () => {
    await using folder = await make_folder({ "app.py": HELLO });
    const { stdout, stderr } = await run(["--protocol", "cgi", "app.py"], {
      cwd: folder.path,
      env: {
        GATEWAY_INTERFACE: "CGI/1.1",
        REQUEST_METHOD: "GET",
        PATH_INFO: "/",
      },
    });
    assertMatch(stdout, /^Status: 200 OK\r\n[^]*\r\n\r\nHello$/);
    assertStringIncludes(stderr, "printed\n");
  },
);

python_test(
  "--debug shows the source lines around a Python exception",
  async () => {
    await using served = await serve("--debug", "app.py");
    const { folder, server } = served;
    const page = await ask(server.port, "/error");
    assertStringIncludes(page, `  at application (app.py:18:9)`);
    assertStringIncludes(page, `    > 18 |         raise ValueError("broken")`);
    assertStringIncludes(
      server.printed.stderr,
      `Traceback (most recent call last):\n  File "${folder.path}/app.py", line 18, in application\n    raise ValueError("broken")\nValueError: broken\n`,
    );
  },
);

python_test(
  "--reload restarts when a Python module changes, also after a syntax error",
  async () => {
    await using served = await serve("--reload", "app.py");
    const { folder, server } = served;
    assertEquals(await ask(server.port), "Hello");
    const served_at = () =>
      Array.from(server.printed.stdout.matchAll(/Serving .*:(\d+)\/.*\n/g));
    await Deno.writeTextFile(`${folder.path}/app.py`, "1 +\n");
    await until(() => server.printed.stderr.includes("SyntaxError"));
    await Deno.writeTextFile(
      `${folder.path}/app.py`,
      HELLO.replace('"Hello"', '"Changed"'),
    );
    await until(() => served_at().length === 2);
    assertEquals(await ask(Number(served_at()[1]![1])), "Changed");
  },
);

python_test(
  "an endless loop is interrupted after --timeout, with a 503 and its traceback",
  async () => {
    await using served = await serve("--timeout", "1", "app.py");
    const { port, printed } = served.server;
    assertEquals(await ask(port, "/loop"), "Service Unavailable");
    assertMatch(
      printed.stderr,
      /"GET \/loop HTTP\/1\.1" was not answered within 1 s: 503\nTraceback .*\n.*line 1\d, in application\n.*\nGivenUp: a call had not ended within 1 s\n/,
    );
    assertEquals(await ask(port), "Hello");
  },
);

python_test(
  "a worker is replaced after --timeout if nothing can interrupt a call",
  async () => {
    await using served = await serve(
      ...["--timeout", "1", "--workers", "1", "app.py"],
    );
    const { port, printed } = served.server;
    await ask(port, "/deaf").catch(() => {});
    await until(() => /silent|killed/.test(printed.stderr));
    await until_replaced(port);
  },
);

python_test(
  "a crash of the interpreter ends the process with one line, and a worker is replaced",
  async () => {
    await using served = await serve("--workers", "1", "app.py");
    const { port, printed } = served.server;
    await ask(port, "/crash").catch(() => {});
    await until(() => printed.stderr.includes("Python has crashed"));
    await until_replaced(port);
  },
);
