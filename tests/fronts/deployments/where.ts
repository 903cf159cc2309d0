/** An application that tells where it is mounted and what it was asked for. */

import type { WSGIApplication } from "../../../types.ts";
import { encode_text, request_uri } from "../../../util.ts";

const where: WSGIApplication = (environ, start_response) => {
  // A web server may leave out what is empty (PEP 3333, "environ Variables").
  const { SCRIPT_NAME = "", PATH_INFO = "", HTTP_AUTHORIZATION } = environ;
  start_response("200 OK", [["Content-Type", "application/json"]]);
  const url = request_uri(environ);
  const seen = { SCRIPT_NAME, PATH_INFO, url, HTTP_AUTHORIZATION };
  return [encode_text(JSON.stringify(seen))];
};

export default where;
