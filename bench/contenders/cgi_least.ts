/** A script that does what no CGI script of this package can leave out: the environment, and an empty stream. */

const environ: Record<string, unknown> = Deno.env.toObject();
environ["wsgi.input"] = new ReadableStream({
  start: (controller) => controller.close(),
});

Deno.stdout.writeSync(
  new TextEncoder().encode(
    "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello world!\n",
  ),
);
