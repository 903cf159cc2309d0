/** `--workers`: where there are some, how they start, and what keeps them from it. */

import { assertEquals, assertMatch } from "@std/assert";
import {
  make_folder,
  mod,
  run,
  serving_line,
  start,
  STOPPING,
} from "../../support/command.ts";
import {
  ask,
  find_workers,
  free_port,
  is_running,
  telling_apps,
} from "../../support/processes.ts";
import { root } from "../../support/support.ts";
import { make_place, quiet } from "./workers.ts";

Deno.test("--workers N serves from N processes at one port, and SIGTERM ends them all", async () => {
  await using place = await make_place({
    "app.ts": `export default (environ, start_response) => {
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  const own = Object.keys(environ).filter((name) => name.startsWith("TSGI"));
  const told = [Deno.pid, environ["wsgi.multiprocess"], own.length];
  return [new TextEncoder().encode(told.join(" "))];
};`,
  });
  await using command = await start(
    quiet("app.ts", "--workers", "2"),
    place.circumstances,
  );
  const { port, child } = command;
  const workers = await find_workers(port, 2);
  assertEquals(workers.has(child.pid), false);
  assertMatch(await ask(port), /^\d+ true 0$/);
  assertEquals(await command.stop(), {
    code: 0,
    stdout:
      serving_line("app.ts", `http://127.0.0.1:${port}/`, "HTTP, 2 workers") +
      STOPPING,
    stderr: "",
  });
  assertEquals([...workers].filter(is_running), []);
  assertEquals(place.left(), []);
});

Deno.test("--workers says where it serves when that is every address", async () => {
  await using command = await start(["-w", "1"], { bind: ":0" });
  assertEquals(
    command.printed.stdout,
    serving_line(
      "demo_app",
      `http://0.0.0.0:${command.port}/`,
      "HTTP, 1 worker",
    ),
  );
  assertMatch(await ask(command.port), /Hello world!/);
});

Deno.test("--workers ends with one error where the workers cannot start", async () => {
  await using place = await make_place({
    "app.ts": telling_apps(),
    "throws.ts": `throw "no";`,
    "exits.ts": `Deno.exit(7);`,
  });
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const taken = `127.0.0.1:${listener.addr.port}`;
  const bind = ["--bind", "127.0.0.1:0", "--workers", "3"];
  const expected: [args: string[], code: number, stderr: string][] = [
    [
      [...bind, "missing.ts"],
      2,
      "cannot load missing.ts: there is no such file",
    ],
    [[...bind, "throws.ts"], 2, 'cannot load throws.ts: it threw "no"'],
    [
      [...bind, "app.ts", "--certfile", "missing.pem"],
      2,
      "cannot read --certfile: No such file or directory (os error 2): readfile 'missing.pem'",
    ],
    [
      ["-w", "3", "--bind", taken, "app.ts"],
      1,
      `cannot listen at ${taken}: the address is in use`,
    ],
  ];
  for (const [args, code, message] of expected) {
    const stderr = `error: ${message}\n`;
    const ended = await run(args, place.circumstances);
    assertEquals(ended, { code, stdout: "", stderr }, args.join(" "));
  }
  assertEquals(
    await run([...bind, "exits.ts"], place.circumstances),
    { code: 7, stdout: "", stderr: "" },
  );
  assertEquals(place.left(), []);
});

Deno.test("--workers and --reload say in one line what the system or a permission refuses", async () => {
  const missing = "the temporary directory (TMPDIR)";
  const some = ["--allow-net", "--allow-read", "--allow-write"];
  const expected: [options: string[], args: string[], message: string][] = [
    [
      ["-A"],
      ["-w", "1"],
      `workers need a folder in ${missing}: No such file or directory (os error 2): tmpdir`,
    ],
    [
      ["--allow-net", "--allow-read=."],
      ["-w", "1"],
      `workers need a folder in ${missing}: Requires write access to <TMP>, run again with the --allow-write flag`,
    ],
    [
      some,
      ["--reload"],
      '--reload cannot restart the command: Requires all access to "/proc/self/cmdline", run again with the --allow-all flag',
    ],
    [
      some,
      ["-w", "1"],
      'cannot start the workers: Requires all access to "/proc/self/cmdline", run again with the --allow-all flag',
    ],
  ];
  for (const [options, args, message] of expected) {
    const is_missing = options.includes("-A");
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-lock", "--no-prompt", ...options, mod],
        ...["--bind", "127.0.0.1:0", ...args],
      ],
      cwd: root,
      env: { NO_COLOR: "1", ...is_missing && { TMPDIR: "/missing" } },
    }).output();
    assertEquals(
      [code, stdout.length, new TextDecoder().decode(stderr)],
      [2, 0, `error: ${message}\n`],
    );
  }
});

Deno.test("--workers finds a place for its sockets where the path of the temporary directory is too long", async () => {
  await using folder = await make_folder({ "app.ts": telling_apps() });
  const tmp = `${folder.path}/${"long".repeat(25)}`;
  await Deno.mkdir(tmp);
  await using command = await start(quiet("app.ts", "-w", "2"), {
    ...{ cwd: folder.path, env: { TMPDIR: tmp } },
  });
  await find_workers(command.port, 2);
  const { code, stderr } = await command.stop();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertEquals([...Deno.readDirSync(tmp)], []);
});

Deno.test("of several supervisors that start at one port at once, one serves", async () => {
  await using place = await make_place();
  const bind = `127.0.0.1:${free_port()}`;
  const starts = Array.from(
    { length: 4 },
    () =>
      start(quiet("app.ts", "-w", "1"), {
        ...{ bind, ...place.circumstances },
      }).catch((error: Error) => error.message),
  );
  const all = await Promise.all(starts);
  const failed = all.filter((one) => typeof one === "string");
  for (const one of all) {
    if (typeof one !== "string") await one.stop();
  }
  assertEquals(
    failed,
    Array(3).fill(
      `${
        quiet("app.ts", "-w", "1").join(" ")
      }: error: cannot listen at ${bind}: the address is in use\n`,
    ),
  );
});

Deno.test("WEB_CONCURRENCY asks for workers, where there can be some", async () => {
  await using folder = await make_folder({ "app.ts": telling_apps() });
  const cwd = folder.path;
  const env = { WEB_CONCURRENCY: "2" };
  const cases: [bind: string, args: string[], printed: RegExp][] = [
    ["127.0.0.1:0", [], / \(HTTP, 2 workers; /],
    ["127.0.0.1:0", ["-w", "0"], / \(HTTP; /],
    [
      `unix:${cwd}/socket`,
      [],
      /^Serving app.ts at unix:[^ ]+\/socket \(HTTP; /,
    ],
    ["127.0.0.1:0", ["--reload"], / \(HTTP; /],
  ];
  for (const [bind, args, printed] of cases) {
    await using command = await start(["app.ts", ...args], {
      ...{ bind, cwd, env },
    });
    assertMatch(command.printed.stdout, printed);
    assertEquals((await command.stop()).code, 0);
  }
});

Deno.test("a CGI script has no workers, whatever the environment says", async () => {
  await using folder = await make_folder({ "app.ts": telling_apps() });
  const { code, stdout, stderr } = await run(["app.ts"], {
    cwd: folder.path,
    env: {
      WEB_CONCURRENCY: "2",
      GATEWAY_INTERFACE: "CGI/1.1",
      REQUEST_METHOD: "GET",
      SERVER_NAME: "a",
      SERVER_PORT: "80",
      SERVER_PROTOCOL: "HTTP/1.1",
    },
  });
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertMatch(stdout, /^Status: 200 OK\r\n[^]*\r\n\r\n\d+ 1$/);
});

Deno.test("--max-requests and --workers are refused where there can be no workers", async () => {
  const socket = "share a port: bind a HOST:PORT, no Unix socket";
  const expected: [args: string[], message: string][] = [
    [["-w", "2", "-b", "unix:x"], `--workers ${socket}`],
    [
      ["--max-requests", "2", "-b", "unix:x"],
      `--max-requests has workers, which ${socket}`,
    ],
    [
      ["--max-requests", "2", "--reload"],
      "--reload serves from one process: remove --max-requests",
    ],
    [
      ["--max-requests", "2", "--protocol", "cgi"],
      "--protocol cgi serves one request: remove --max-requests",
    ],
    [
      ["--workers", "2", "--protocol", "cgi"],
      "--protocol cgi serves one request: remove --workers",
    ],
    [
      ["--reload", "--protocol", "cgi"],
      "--protocol cgi serves one request: remove --reload",
    ],
  ];
  for (const [args, message] of expected) {
    const ended = await run(args);
    const stderr = `error: ${message}\n`;
    assertEquals(ended, { code: 2, stdout: "", stderr }, args.join(" "));
  }
});
