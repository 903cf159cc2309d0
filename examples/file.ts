// A file as the response: wsgi.file_wrapper sends it in blocks, and closes it whatever happens.
// Run it with `deno run -A jsr:@tsgi/serve examples/file.ts`: it shows its own source.

import { encode_text, type WSGIApplication } from "@tsgi/serve";

/** The application that sends the file at `path`. */
export function send_file(
  path: string | URL,
  content_type: string,
): WSGIApplication {
  return async (environ, start_response) => {
    const file = await open(path);
    if (!file) {
      start_response("404 Not Found", [["Content-Type", "text/plain"]]);
      return [encode_text("Not found\n")];
    }
    const { size } = await file.stat();
    start_response("200 OK", [
      ["Content-Type", content_type],
      ["Content-Length", String(size)],
    ]);
    // PEP 3333 leaves it to a server whether it has a file_wrapper.
    return environ["wsgi.file_wrapper"]?.(file) ?? file.readable;
  };
}

async function open(path: string | URL): Promise<Deno.FsFile | null> {
  try {
    return await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

export default send_file(
  new URL(import.meta.url),
  "text/plain; charset=utf-8",
);
