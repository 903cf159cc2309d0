/** What the command takes of a request body beyond its limit, by HTTP: little, and then the connection is closed. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { make_folder, start } from "../../support/command.ts";
import {
  bytes,
  read_all,
  text,
  until,
  write_all,
} from "../../support/support.ts";

const APPS = `
const encode = (text) => new TextEncoder().encode(text);

/** Answers without reading its input. */
export function ignore(environ, start_response) {
  start_response("200 OK", []);
  return [encode("ignored")];
}

/** Counts its input. */
export async function count(environ, start_response) {
  let length = 0;
  for await (const block of environ["wsgi.input"]) length += block.length;
  start_response("200 OK", []);
  return [encode(String(length))];
}
`;

const KIB = 1024;
const MIB = 1024 * KIB;

/** What the limit is in these tests. */
const LIMIT = 64 * KIB;

/** More than a connection holds in its buffers, and than is taken of a body that is too long. */
const HUGE = 64 * MIB;

/** Bodies as they are sent. */
interface Framing {
  head(size: number): string;
  block(data: Uint8Array<ArrayBuffer>): Uint8Array;
}

const framings: Record<string, Framing> = {
  told: {
    head: (size) => `Content-Length: ${size}`,
    block: (data) => data,
  },
  chunked: {
    head: () => "Transfer-Encoding: chunked",
    block(data) {
      const size = bytes(`${data.length.toString(16)}\r\n`);
      return new Uint8Array([...size, ...data, 13, 10]);
    },
  },
};

/** What became of an upload. */
interface Upload {
  /** How many bytes of the body were taken, at most. */
  sent: number;
  /** Whether the server closed the connection before all were. */
  was_stopped: boolean;
  answer: string;
}

/** Sends a body of a size, and reads meanwhile; ends when the connection does, or all is sent and answered. */
async function upload(
  port: number,
  { head, block }: Framing,
  size: number,
): Promise<Upload> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await write_all(
    conn,
    bytes(`POST / HTTP/1.1\r\nHost: localhost\r\n${head(size)}\r\n\r\n`),
  );
  let answer = "";
  const reading = (async () => {
    const buffer = new Uint8Array(KIB);
    for (let length; (length = await conn.read(buffer)) !== null;) {
      answer += text(buffer.subarray(0, length));
    }
  })().catch(() => {}); // It was reset.
  const piece = block(new Uint8Array(64 * KIB));
  let sent = 0;
  try {
    for (; sent < size; sent += 64 * KIB) await write_all(conn, piece);
  } catch {
    await reading;
    return { sent, was_stopped: true, answer };
  }
  await until(() => /\r\n\r\n./.test(answer));
  return { sent, was_stopped: false, answer };
}

Deno.test("a body that is too long is not taken: the client gets its 413, and the connection is closed", async () => {
  await using folder = await make_folder({ "app.ts": APPS });
  const cases: [app: string, framing: string][] = [
    ["ignore", "told"],
    ["count", "told"],
    ["count", "chunked"],
  ];
  for (const [app, framing] of cases) {
    await using command = await start([
      ...[`app.ts:${app}`, "--limit-request-body", String(LIMIT)],
      ...["--access-logfile", "none"],
    ], { cwd: folder.path });
    const { sent, was_stopped, answer } = await upload(
      command.port,
      framings[framing]!,
      HUGE,
    );
    assertMatch(answer, /^HTTP\/1\.1 413 /);
    assertMatch(answer, /\r\nconnection: close\r\n/i);
    assertMatch(answer, /\r\n\r\nContent Too Large$/);
    assert(was_stopped && sent < HUGE / 2, `${app}, ${framing}: ${sent}`);
    const { code, stderr } = await command.stop();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
  }
});

Deno.test("a body that the application leaves is taken up to the limit, and not beyond", async () => {
  await using folder = await make_folder({ "app.ts": APPS });
  await using command = await start([
    ...["app.ts:ignore", "--limit-request-body", "1m"],
    ...["--access-logfile", "none"],
  ], { cwd: folder.path });
  const { port } = command;
  for (const framing of Object.values(framings)) {
    const { was_stopped, answer } = await upload(port, framing, MIB);
    assertEquals(was_stopped, false);
    assertMatch(answer, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nignored$/);
  }
  const { sent, was_stopped, answer } = await upload(
    port,
    framings.chunked!,
    HUGE,
  );
  assertMatch(answer, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nignored$/);
  assert(was_stopped && sent < HUGE / 2, String(sent));
  const { code, stderr } = await command.stop();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
});

Deno.test("a client that sends a body a little too long before it reads gets its 413", async () => {
  await using folder = await make_folder({ "app.ts": APPS });
  const { head, block } = framings.told!;
  const size = 512 * KIB;
  const request = "POST / HTTP/1.1\r\nHost: localhost\r\n" +
    `Connection: close\r\n${head(size)}\r\n\r\n`;
  for (const app of ["ignore", "count"]) {
    await using command = await start([
      ...[`app.ts:${app}`, "--limit-request-body", String(LIMIT)],
      ...["--access-logfile", "none"],
    ], { cwd: folder.path });
    using conn = await Deno.connect({
      hostname: "127.0.0.1",
      port: command.port,
    });
    await write_all(conn, bytes(request));
    await write_all(conn, block(new Uint8Array(size)));
    const answer = await read_all(conn);
    assertMatch(answer, /^HTTP\/1\.1 413 [^]*\r\n\r\nContent Too Large$/);
    assertEquals((await command.stop()).code, 0);
  }
});

Deno.test("a client that goes on sending does not keep the command from its end", async () => {
  await using folder = await make_folder({ "app.ts": APPS });
  await using command = await start([
    ...["app.ts:ignore", "--limit-request-body", String(LIMIT)],
    ...["--access-logfile", "none", "--graceful-timeout", "0"],
  ], { cwd: folder.path });
  const upload_under_way = upload(command.port, framings.told!, HUGE);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const { code, stderr } = await command.stop();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertEquals((await upload_under_way).was_stopped, true);
});
