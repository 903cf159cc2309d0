/** A CGI script that imports what it needs. */

import { CGIHandler } from "../../handlers.ts";
import { small } from "./application.ts";

await new CGIHandler().run(small);
