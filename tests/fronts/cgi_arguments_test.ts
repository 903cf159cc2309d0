/** What Apache makes of a query for the command line of a script: by mod_cgid and mod_cgi, in every kind of script. */

import { assert, assertEquals } from "@std/assert";
import { parse_command } from "../../cli/settings/parse_options.ts";
import { UsageError } from "../../cli/settings/usage_error.ts";
import { raw_request } from "../support/support.ts";
import { start_apache } from "./apache.ts";
import {
  type Front,
  installed,
  make_folder,
  path_of,
  remove_folder,
} from "./fronts.ts";

const APP = `const encode = (text) => new TextEncoder().encode(text);

export default (environ, start_response) => {
  if (environ.PATH_INFO === "/fail") throw new Error("the well is dry");
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [encode("<" + environ.QUERY_STRING + ">")];
};
`;

const EVIL = `Deno.writeTextFileSync("FOLDER/evil", "");
export default { application: "FOLDER/evil.ts", debug_anywhere: true };
export const application = (environ, start_response) => {
  start_response("200 OK", []);
  return [new TextEncoder().encode("EVIL")];
};
`;

/** Shows its arguments, each in a line that ends in two NULs. */
const ARGUMENTS = `#!/bin/sh
printf 'Content-Type: text/plain\\n\\n'
for word in "$@"; do printf '%s\\0\\n\\0' "$word"; done
`;

/** A web server with scripts, each at the path of its name. */
interface Scripts extends AsyncDisposable {
  folder: string;
  front: Front;
}

async function start_scripts(
  module: string,
  scripts: (folder: string) => Record<string, string>,
): Promise<Scripts> {
  const folder = await make_folder();
  for (const [name, source] of Object.entries(scripts(folder))) {
    await Deno.writeTextFile(`${folder}/${name}`, source);
    await Deno.chmod(`${folder}/${name}`, 0o755);
  }
  await Deno.mkdir(`${folder}/deno`);
  for (const path of [folder, `${folder}/deno`]) await Deno.chmod(path, 0o777);
  const front = await start_apache("apache_cgi.conf", [module], {
    "/srv/app/app.cgi/": `${folder}/`,
    '"/srv/app"': `"${folder}"`,
  });
  return {
    folder,
    front,
    async [Symbol.asyncDispose]() {
      await front[Symbol.asyncDispose]();
      await remove_folder(folder);
    },
  };
}

async function ask(
  { front }: Scripts,
  target: string,
): Promise<{ status: string; body: string }> {
  const head = `GET /${target} HTTP/1.0\r\nHost: localhost\r\n\r\n`;
  return await raw_request(front.port, head);
}

/** Queries that are words for a command line, or look like them. */
const QUERIES = [
  ...["", "a=1", "hello", "hello+world", "5", "x/y", "caf%C3%A9", "caf%E9"],
  ...["%", "+", "it%27s", "%22%60%24(x)%60%22", "a%0Ab", "100%25", "a;b|c"],
  ...["--debug-anywhere", "--debug-anywhere+--validate", "--debug", "-5"],
  ...["%2D%2Ddebug-anywhere", "--debug%2Danywhere", "++--debug-anywhere+"],
  ...["%252D%252Ddebug-anywhere", "--debug-anywhere%2Bx", "--debug%zz"],
  ...["--debug-anywhere%00x", "--help", "-h", "--version", "--print-config"],
  ...["-c+/evil.ts", "-c/evil.ts", "--config%3D/evil.ts", "--config+/evil.ts"],
  ...["/evil.ts", "/evil.ts+/evil.ts", "/evil.ts:application", "--bind+:0"],
  ...["-b:0", "--protocol+http", "--", "--+/evil.ts", "--no-validate", "-"],
  ...["--error-logfile+/evil", "--limit-request-line+1", "-w+2", "--check"],
  ...["/app.ts", "--root-path+/x", "--root-path+/x+/app.ts", "/config.json"],
  ...["--log-level+error", "--log-level", "error", "--config+/config.json"],
  `--debug-anywhere${"+".repeat(5000)}x`,
  `${"x+".repeat(3000)}x`,
  "+".repeat(6000),
];

/** How a script hands on what it is given, and what is its own. */
interface Form {
  own: string[];
  line(words: string[]): string[];
  variable?: string;
  /** Whether a query may be refused that looks like an option, or like the script's own words. */
  may_refuse?: boolean;
}

const FORMS: Record<string, Form> = {
  "#!": { own: ["/app.ts"], line: (words) => ["/app.ts", ...words] },
  "options and #!": {
    own: ["--root-path", "/x", "/app.ts"],
    line: (words) => ["--root-path", "/x", "/app.ts", ...words],
  },
  'app.ts "$@"': { own: ["/app.ts"], line: (words) => ["/app.ts", ...words] },
  "app.ts $*": {
    own: ["/app.ts"],
    line: (words) => ["/app.ts", ...words.join(" ").match(/\S+/g) ?? []],
  },
  "app.ts": { own: ["/app.ts"], line: () => ["/app.ts"] },
  'app.ts options "$@"': {
    own: ["/app.ts", "--log-level", "error"],
    line: (words) => ["/app.ts", "--log-level", "error", ...words],
  },
  '"$@" app.ts': {
    own: ["/app.ts"],
    line: (words) => [...words, "/app.ts"],
    may_refuse: true,
  },
  'options "$@" app.ts': {
    own: ["--root-path", "/x", "/app.ts"],
    line: (words) => ["--root-path", "/x", ...words, "/app.ts"],
    may_refuse: true,
  },
  '"$@", the rest in TSGI_CMD_ARGS': {
    own: [],
    line: (words) => words,
    variable: "/app.ts --log-level error",
  },
  'options "$@", the rest in TSGI_CMD_ARGS': {
    own: ["--root-path", "/x"],
    line: (words) => ["--root-path", "/x", ...words],
    variable: "/app.ts",
  },
};

/** What a script is told where it is asked for something else than to serve. */
async function read(
  args: string[],
  query: string,
  { variable = "" }: Form,
): Promise<unknown> {
  const environ = {
    ...{ GATEWAY_INTERFACE: "CGI/1.1", REQUEST_METHOD: "GET" },
    ...{ QUERY_STRING: query, TSGI_CMD_ARGS: variable },
  };
  const { request, settings } = await parse_command(args, environ);
  return { request, settings };
}

async function attempt(reading: Promise<unknown>): Promise<unknown> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof UsageError) return "refused";
    throw error;
  }
}

/** Whether a query may be refused by a script of some form: it looks like an option, or like words of its own. */
function may_be_refused(query: string, { own, may_refuse }: Form): boolean {
  if (may_refuse) return /^\+*(-|%2D)/i.test(query) || query.length > 1000;
  return query === own.at(-1); // Nobody else says what the application is.
}

if (installed("apache2", "openssl")) {
  for (const module of ["cgid", "cgi"]) {
    Deno.test(`what Apache's mod_${module} makes arguments of is neither option nor module, whatever hands it on`, async () => {
      await using scripts = await start_scripts(module, () => ({
        "arguments": ARGUMENTS,
      }));
      for (const query of QUERIES) {
        const { body } = await ask(scripts, `arguments?${query}`);
        const words = body.split("\0\n\0").slice(0, -1)
          .map((word) => decode_utf8(word));
        for (const [name, form] of Object.entries(FORMS)) {
          const where = `${name} ? ${query.slice(0, 80)}`;
          const found = await attempt(read(form.line(words), query, form));
          if (found === "refused" && may_be_refused(query, form)) continue;
          assertEquals(found, await read(form.own, "", form), where);
        }
      }
    });
  }

  Deno.test("a query is neither option nor module of a script that Apache runs", async () => {
    await using scripts = await start_scripts("cgid", (folder) => {
      const env = `DENO_DIR=${folder}/deno NO_COLOR=1`;
      const command = `${Deno.execPath()} run -A --no-lock ${
        path_of("mod.ts")
      }`;
      const shell = (args: string) =>
        `#!/bin/sh\nexport ${env}\nexec ${command} ${args}\n`;
      return {
        "app.ts": APP,
        "evil.ts": EVIL.replaceAll("FOLDER", folder),
        "tsgi.json": JSON.stringify({ application: `${folder}/app.ts` }),
        "interpreted.ts": `#!/usr/bin/env -S ${env} ${command}\n${APP}`,
        "behind.cgi": shell(`${folder}/app.ts "$@"`),
        "config.cgi": shell(`--config ${folder}/tsgi.json "$@"`),
      };
    });
    const { folder } = scripts;
    for (const script of ["interpreted.ts", "behind.cgi", "config.cgi"]) {
      for (
        const query of [
          ...["", "hello+world", "--debug-anywhere", "--help", "--bind+:0"],
          ...[`-c+${folder}/evil.ts`, `${folder}/evil.ts`],
        ]
      ) {
        const { status, body } = await ask(scripts, `${script}?${query}`);
        assertEquals(
          { script, status, body },
          { script, status: "HTTP/1.1 200 OK", body: `<${query}>` },
        );
      }
      const { body } = await ask(scripts, `${script}/fail?--debug-anywhere`);
      assertEquals(
        body,
        "A server error occurred.  Please contact the administrator.",
      );
    }
    const names = Array.from(Deno.readDirSync(folder), ({ name }) => name);
    assert(!names.includes("evil"));
  });
}

/** What Deno makes of bytes that a process is given for arguments. */
function decode_utf8(bytes: string): string {
  return new TextDecoder().decode(
    Uint8Array.from(bytes, (char) => char.charCodeAt(0)),
  );
}
