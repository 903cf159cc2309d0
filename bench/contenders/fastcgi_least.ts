/**
 * The least that a FastCGI server on Deno can do: it accepts, reads once, and writes a constant answer. Nothing is
 * parsed, and no application is called: `deno run -A bench/contenders/fastcgi_least.ts SOCKET [kept]`.
 */

const [path, kept] = Deno.args;

const answer = records(
  'Content-Type: application/json\r\nContent-Length: 26\r\n\r\n{"message":"Hello world!"}',
);

/** The response to request 1, which is the only one that nginx sends on a connection at a time. */
function records(text: string): Uint8Array {
  const content = new TextEncoder().encode(text);
  const [stdout, end] = [6, 3];
  const record = (type: number, length: number) => [
    ...[1, type, 0, 1],
    ...[length >> 8, length & 255, 0, 0],
  ];
  return new Uint8Array([
    ...record(stdout, content.length),
    ...content,
    ...record(end, 8),
    ...new Array(8).fill(0),
  ]);
}

async function serve(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(4096);
  while (await conn.read(buffer) !== null) {
    await conn.write(answer);
    if (kept === undefined) break;
  }
  conn.close();
}

const listener = Deno.listen({ transport: "unix", path: path! });
console.log(`Listening at unix:${path}`);
for await (const conn of listener) serve(conn).catch(() => {});
