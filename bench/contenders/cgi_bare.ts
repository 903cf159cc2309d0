/** A script that prints what the CGI scripts print. */

Deno.stdout.writeSync(
  new TextEncoder().encode(
    "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello world!\n",
  ),
);
