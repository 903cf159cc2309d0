/** The command with applications of Python. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { make_folder, run, start } from "../support/command.ts";
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
        import re
        re.match("(a+)+b", "a" * 40)
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

for (
  const [specifier, args, answer] of [
    ["app.py", [], "Hello"],
    ["app:application", [], "Hello"],
    ["app:create_app('other')", [], "other"],
    ["app.py", ["--workers", "2"], "Hello"],
    ["app.py", ["--validate"], "Hello"],
  ] as [string, string[], string][]
) {
  python_test(
    `the command serves ${[specifier, ...args].join(" ")}`,
    async () => {
      await using folder = await make_folder({ "app.py": HELLO });
      await using server = await start([...args, specifier], {
        cwd: folder.path,
      });
      assertEquals(await ask(server.port), answer);
    },
  );
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
  "a CGI script of Python answers, and what it prints is not in the answer",
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
  "--debug shows the lines of Python around an exception",
  async () => {
    await using folder = await make_folder({ "app.py": HELLO });
    await using server = await start(["--debug", "app.py"], {
      cwd: folder.path,
    });
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
  "--reload starts anew when a module of Python changes, also one that was broken",
  async () => {
    await using folder = await make_folder({ "app.py": HELLO });
    await using server = await start(["--reload", "app.py"], {
      cwd: folder.path,
    });
    assertEquals(await ask(server.port), "Hello");
    const served = () =>
      Array.from(server.printed.stdout.matchAll(/Serving .*:(\d+)\/.*\n/g));
    await Deno.writeTextFile(`${folder.path}/app.py`, "1 +\n");
    await until(() => server.printed.stderr.includes("SyntaxError"));
    await Deno.writeTextFile(
      `${folder.path}/app.py`,
      HELLO.replace('"Hello"', '"Changed"'),
    );
    await until(() => served().length === 2);
    assertEquals(await ask(Number(served()[1]![1])), "Changed");
  },
);

python_test(
  "a crash of Python ends the process with one line, and a worker is replaced",
  async () => {
    await using folder = await make_folder({ "app.py": HELLO });
    await using server = await start(["--workers", "1", "app.py"], {
      cwd: folder.path,
    });
    await ask(server.port, "/crash").catch(() => {});
    await until(() => server.printed.stderr.includes("Python has crashed"));
    let answer = "";
    await until(() => {
      ask(server.port).then((text) => answer = text, () => {});
      return answer !== "";
    });
    assertEquals(answer, "Hello");
  },
);

python_test(
  "a loop without end is interrupted after --timeout, and answered with a 503",
  async () => {
    await using folder = await make_folder({ "app.py": HELLO });
    await using server = await start(["--timeout", "1", "app.py"], {
      cwd: folder.path,
    });
    assertEquals(await ask(server.port, "/loop"), "Service Unavailable");
    assertMatch(
      server.printed.stderr,
      /"GET \/loop HTTP\/1\.1" was not answered within 1 s: 503\nTraceback .*\n.*line 1\d, in application\n.*\nGivenUp: a call had not ended within 1 s\n/,
    );
    assertEquals(await ask(server.port), "Hello");
  },
);

python_test(
  "a worker that no signal interrupts is killed after --timeout, and replaced",
  async () => {
    await using folder = await make_folder({ "app.py": HELLO });
    await using server = await start(
      ["--timeout", "1", "--workers", "1", "app.py"],
      { cwd: folder.path },
    );
    await ask(server.port, "/deaf").catch(() => {});
    await until(() => /silent|killed/.test(server.printed.stderr));
    let answer = "";
    await until(() => {
      ask(server.port).then((text) => answer = text, () => {});
      return answer !== "";
    });
    assertEquals(answer, "Hello");
  },
);

python_test(
  "the command says in one line what is wrong with an application of Python",
  async () => {
    await using folder = await make_folder({ "app.py": HELLO });
    const missing = await run(["app.py:nothing"], { cwd: folder.path });
    assertEquals(missing.code, 2);
    assertStringIncludes(
      missing.stderr,
      "has nothing to call named nothing: it has application, create_app",
    );
  },
);
