// The files below a folder, by the file server of Deno's standard library: with ranges, ETag and index.html. Serve it
// with `deno run -A jsr:@tsgi/serve examples/static.ts`, which serves the folder it is started in.

import { serveDir } from "@std/http/file-server";
import { from_fetch } from "@tsgi/serve/fetch";

export default from_fetch((request) =>
  serveDir(request, { fsRoot: ".", quiet: true })
);
