/** A script that imports the package and does nothing. */

import "../../mod.ts";
