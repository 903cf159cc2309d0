/** The access log of the command: its lines, and where `--access-logfile` puts them. */

import { assertEquals } from "@std/assert";
import { make_folder, start, without_times } from "../../support/command.ts";
import { raw_request } from "../../support/support.ts";
import { assert_refused, get } from "../helpers.ts";

Deno.test("the access log has one line per request, in the Common Log Format", async () => {
  await using folder = await make_folder({
    "app.ts": `export default function* (environ, start_response) {
  start_response(environ.PATH_INFO.slice(1) + " X", []);
  if (environ.QUERY_STRING) throw new Error("broken");
  yield new TextEncoder().encode("some ");
  yield new TextEncoder().encode("text");
}`,
  });
  await using command = await start(["app.ts"], { cwd: folder.path });
  const expected = {
    "GET /200": '"GET /200 HTTP/1.1" 200 9',
    "POST /404": '"POST /404 HTTP/1.1" 404 9',
    "HEAD /200": '"HEAD /200 HTTP/1.1" 200 -',
    "GET /304": '"GET /304 HTTP/1.1" 304 -',
    'GET /20"0"': '"GET /20\\"0\\" HTTP/1.1" 500 59',
    "GET /200\\": '"GET /200\\\\ HTTP/1.1" 500 59',
    "GET /200%22%0A%7F": '"GET /200%22%0A%7F HTTP/1.1" 500 59',
    // U+0085 in UTF-8 is the only control character that Deno accepts.
    "GET /200\xc2\x85": '"GET /200\\xc2\\x85 HTTP/1.1" 500 59',
    "GET //200": '"GET //200 HTTP/1.1" 200 9',
    "GET /500?x": '"GET /500?x HTTP/1.1" 500 59',
  };
  for (const request of Object.keys(expected)) {
    await raw_request(
      command.port,
      `${request} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
  }
  const { stderr } = await command.stop();
  const lines = without_times(stderr).match(/^127.*\n/gm);
  assertEquals(
    lines,
    Object.values(expected).map((line) => `127.0.0.1 - - [time] ${line}\n`),
  );
});

Deno.test("the access log has the local time and its offset from UTC", async () => {
  const offsets = {
    "UTC": "+0000",
    "Asia/Kolkata": "+0530",
    "Etc/GMT+3": "-0300",
  };
  for (const [TZ, offset] of Object.entries(offsets)) {
    await using command = await start([], { env: { TZ } });
    const before = Math.floor(Date.now() / 1000);
    await get(command.address);
    const { stderr } = await command.stop();
    const [, date, time, zone] = stderr.match(/\[(\S+?):(\S+) (\S+)\]/) ?? [];
    assertEquals(zone, offset);
    const logged = Date.parse(`${date!.replaceAll("/", " ")} ${time} ${zone}`);
    assertEquals(before <= logged / 1000 && logged <= Date.now(), true);
  }
});

Deno.test("--access-logfile FILE appends to that file", async () => {
  await using folder = await make_folder({ "the log": "before\n" });
  const log = `${folder.path}/the log`;
  for (const path of ["one", "two"]) {
    await using command = await start(
      ["--access-logfile", "the log"],
      { cwd: folder.path },
    );
    await fetch(command.address + path, { method: "HEAD" });
    assertEquals((await command.stop()).stderr, "");
  }
  assertEquals(
    without_times(await Deno.readTextFile(log)),
    `before
127.0.0.1 - - [time] "HEAD /one HTTP/1.1" 200 -
127.0.0.1 - - [time] "HEAD /two HTTP/1.1" 200 -
`,
  );
});

Deno.test("--access-logfile - writes to stderr", async () => {
  await using command = await start(["--access-logfile", "-"]);
  await fetch(command.address, { method: "HEAD" });
  const { stderr } = await command.stop();
  assertEquals(
    without_times(stderr),
    '127.0.0.1 - - [time] "HEAD / HTTP/1.1" 200 -\n',
  );
});

Deno.test("--access-logfile none logs no request", async () => {
  await using folder = await make_folder({});
  await using command = await start(
    ["--access-logfile=none"],
    { cwd: folder.path },
  );
  await get(command.address);
  assertEquals((await command.stop()).stderr, "");
  assertEquals(Array.from(Deno.readDirSync(folder.path)), []);
});

Deno.test("--access-logfile refuses a file that cannot be opened", async () => {
  await using folder = await make_folder({});
  const { path } = folder;
  await assert_refused([
    [
      ["--access-logfile", `${path}/missing/log`],
      "cannot open --access-logfile: " +
      `No such file or directory (os error 2): open '${path}/missing/log'`,
    ],
    [
      ["--access-logfile", path],
      "cannot open --access-logfile: " +
      `Is a directory (os error 21): open '${path}'`,
    ],
  ]);
});
