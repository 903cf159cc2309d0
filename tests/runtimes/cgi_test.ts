/** The conformance table by a CGI script of Node and of Bun, behind Apache and behind fcgiwrap. */

import { join } from "node:path";
import { without_added_length } from "../conformance/added_length.ts";
import { run_conformance } from "../conformance/run.ts";
import { LIMITS as APACHE, start_cgid } from "../fronts/apache.ts";
import { cgi_door } from "../fronts/backends.ts";
import {
  type CGIScript,
  find_program,
  installed,
  make_folder,
  quoted,
  remove_folder,
  share_door,
  write_cgi_script,
} from "../fronts/fronts.ts";
import { FCGIWRAP, start_fcgiwrap } from "../fronts/nginx.ts";
import { LARGE_ON_BUN, OF_NEW_NODE } from "./limits.ts";
import { make_package } from "./packed.ts";
import { BUN, NODE, PACKAGES } from "./runtimes.ts";

/** The script of a program, which has this package in a folder. */
function script_of(program: string, packed: string) {
  const module = join(packed, "tests/conformance/apps/cgi_process.js");
  const command = [find_program(program)!, module].map(quoted).join(" ");
  return (folder: string): Promise<CGIScript> =>
    write_cgi_script(
      folder,
      (variables) => `#!/bin/sh\nexport ${variables}\nexec ${command}\n`,
    );
}

const is_there = installed(
  NODE,
  BUN,
  "apache2",
  "nginx",
  "fcgiwrap",
  "openssl",
);

if (is_there) {
  const packed = await make_folder();
  await make_package(packed, PACKAGES);
  Deno.test.afterAll(() => remove_folder(packed));
  for (const [name, program] of [["Node", NODE], ["Bun", BUN]] as const) {
    const make_script = script_of(program, packed);
    const limits = [OF_NEW_NODE];
    if (program === BUN) limits.push(LARGE_ON_BUN);
    run_conformance(
      `Apache by a CGI script of ${name}`,
      share_door(async () =>
        without_added_length(await cgi_door(start_cgid, make_script))
      ),
      [...limits, ...APACHE.cgi],
      { validated: false },
    );
    run_conformance(
      `nginx by a CGI script of ${name}`,
      share_door(() => cgi_door(start_fcgiwrap, make_script)),
      [...limits, ...FCGIWRAP],
      { validated: false },
    );
  }
}
