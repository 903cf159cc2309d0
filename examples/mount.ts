// Several applications on one port: shift_path_info() moves the first segment of the path from PATH_INFO to
// SCRIPT_NAME, and so says who answers. Run it with `deno run -A jsr:@tsgi/serve examples/mount.ts`.

import type { WSGIApplication } from "@tsgi/serve";
import { decode_native, encode_text, shift_path_info } from "@tsgi/serve/util";

/** The application that hands a request to the one named by the first segment of its path. */
export function mount(
  applications: Record<string, WSGIApplication>,
): WSGIApplication {
  const mounted = new Map(Object.entries(applications));
  return (environ, start_response) => {
    const name = shift_path_info(environ) ?? "";
    const app = mounted.get(name) ?? not_found;
    return app(environ, start_response);
  };
}

const not_found: WSGIApplication = (_environ, start_response) => {
  start_response("404 Not Found", [["Content-Type", "text/plain"]]);
  return [encode_text("Not found. Try /blog/ or /shop/.\n")];
};

/** An application that tells where it stands, and what is left of the path for it. */
function section(title: string): WSGIApplication {
  return ({ SCRIPT_NAME, PATH_INFO }, start_response) => {
    start_response("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
    const rest = decode_native(PATH_INFO);
    return [encode_text(`${title} at ${SCRIPT_NAME} shows "${rest}"\n`)];
  };
}

export default mount({ blog: section("The blog"), shop: section("The shop") });
