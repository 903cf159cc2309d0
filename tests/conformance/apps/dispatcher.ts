/**
 * The applications of the conformance table, by name, and one application that picks among them, so that any
 * process can run them all behind any server.
 *
 * A request says by headers what is wanted, which leaves its path and its query to the rows: `X-Application` is the
 * name, `X-Validator` puts a validator around it, `X-Answer` is what `answer` shall do, `X-Key` is what the
 * facts of this request are noted under. The application `facts` gives those of a key: how often a result was
 * closed, a file, a generator. They are in the memory of the process, or in the folder that the variable
 * `CONFORMANCE_FACTS` names where several processes have to share them. The application `mark` writes the key into
 * the log, so that a reader of the log knows what belongs to the requests before.
 */

import type { WSGIApplication } from "../../../types.ts";
import { validator } from "../../../validate.ts";
import { bytes } from "../../support/bytes.ts";
import { answering } from "./answering.ts";
import { json } from "./content.ts";
import { controlled_applications } from "./controlled.ts";
import { erring } from "./erring.ts";
import { count_facts } from "./facts.ts";
import { fetching } from "./fetching.ts";
import { ok } from "./ok.ts";
import { reading } from "./reading.ts";
import { reusing } from "./reusing.ts";
import { showing } from "./showing.ts";
import { writing } from "./writing.ts";

/** All applications by their names. */
const applications: Record<string, WSGIApplication> = {
  ...answering,
  ...reading,
  ...showing,
  ...writing,
  ...erring,
  ...reusing,
  ...fetching,
};

const validated: Record<string, WSGIApplication> = Object.fromEntries(
  Object.entries(applications).map(([name, app]) => [name, validator(app)]),
);

/** The applications for whoever runs the table. */
const service: Record<string, WSGIApplication> = {
  ...controlled_applications,
  facts(environ, start_response) {
    return ok(start_response, json(count_facts(environ.HTTP_X_KEY!)));
  },
  mark(environ, start_response) {
    environ["wsgi.errors"].write(`${environ.HTTP_X_KEY}\n`);
    return ok(start_response, bytes("marked"));
  },
};

/** The application that runs the one which the request names. */
export const dispatcher: WSGIApplication = (environ, start_response) => {
  const { HTTP_X_APPLICATION: name = "", HTTP_X_VALIDATOR } = environ;
  const app = service[name] ??
    (HTTP_X_VALIDATOR ? validated : applications)[name];
  if (!app) throw new Error(`there is no application ${JSON.stringify(name)}`);
  return app(environ, start_response);
};

export default dispatcher;
