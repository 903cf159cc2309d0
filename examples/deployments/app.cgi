#!/bin/sh
# Deno's cache, in a folder that the web server's user can write to.
export DENO_DIR=/var/cache/tsgi
exec deno run -A jsr:@tsgi/serve /srv/app/app.ts
