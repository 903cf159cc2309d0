/** A CGI script that imports the whole package. */

import { CGIHandler } from "../../mod.ts";
import { small } from "./application.ts";

await new CGIHandler().run(small);
