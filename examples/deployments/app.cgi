#!/bin/sh
# Where Deno keeps what it has compiled: a folder that the web server's user may write.
export DENO_DIR=/var/cache/tsgi
exec deno run -A jsr:@tsgi/serve /srv/app/app.ts
