/** The Python side as text, so that it is part of the module graph wherever that is loaded from. */

import bridge from "../tsgi/_tsgi_bridge.py" with { type: "text" };
import errors from "../tsgi/_tsgi_errors.py" with { type: "text" };
import lanes from "../tsgi/_tsgi_lanes.py" with { type: "text" };
import load from "../tsgi/_tsgi_load.py" with { type: "text" };
import missing from "../tsgi/_tsgi_missing.py" with { type: "text" };
import response from "../tsgi/_tsgi_response.py" with { type: "text" };

/** The modules by their names. */
export const SOURCES: Readonly<Record<string, string>> = {
  _tsgi_bridge: bridge,
  _tsgi_errors: errors,
  _tsgi_lanes: lanes,
  _tsgi_load: load,
  _tsgi_missing: missing,
  _tsgi_response: response,
};

/** Their folder in Python's file system. */
export const FOLDER = "/lib/tsgi";
