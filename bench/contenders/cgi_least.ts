/** A script that does what no CGI script of this package can leave out: the environment, and the streams of the process. */

const environ: Record<string, unknown> = Deno.env.toObject();
environ["wsgi.input"] = new ReadableStream({
  start: (controller) => controller.close(),
});

const writer = Deno.stdout.writable.getWriter();
await writer.write(
  new TextEncoder().encode(
    "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello world!\n",
  ),
);
writer.releaseLock();
