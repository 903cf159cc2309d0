/** docs/troubleshooting.md, of CGI scripts in Apache: what is in its log, and what mends it. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, join } from "node:path";
import { start_apache, start_site } from "../apache.ts";
import {
  type Front,
  installed,
  make_folder,
  path_of,
  quoted,
  remove_folder,
} from "../fronts.ts";
import { explained } from "./symptoms.ts";

/** What a script is: its source, and its mode. */
interface Script {
  source: string;
  mode?: number;
}

const COMMAND = [path_of("mod.ts"), path_of("examples/hello.ts")]
  .map(quoted).join(" ");
const DENO = quoted(Deno.execPath());

/** A script without fault. */
const RIGHT: Script = { source: `#!/bin/sh\nexec ${DENO} run -A ${COMMAND}\n` };

/** A folder for scripts. */
async function make_scripts(): Promise<{ folder: string } & AsyncDisposable> {
  const folder = await make_folder();
  return { folder, [Symbol.asyncDispose]: () => remove_folder(folder) };
}

async function write_script(
  folder: string,
  { source, mode = 0o755 }: Script,
): Promise<string> {
  const path = join(folder, "app.cgi");
  await Deno.writeTextFile(path, source);
  await Deno.chmod(path, mode);
  return path;
}

/** The status, and the log in which the script has the path that it has in the page. */
async function ask(
  front: Front,
  script: string,
): Promise<{ status: number; log: string; body: string }> {
  const response = await fetch(`http://127.0.0.1:${front.port}/`);
  const body = await response.text();
  const log = front.error_log().replaceAll(script, "/srv/app/app.cgi");
  return { status: response.status, log, body };
}

/** Makes a test of a script that fails, and of the one without its fault. */
function test_script(
  name: string,
  messages: string[],
  wrong: Script,
  right: Script = RIGHT,
): void {
  Deno.test(`docs/troubleshooting.md explains ${name}`, async () => {
    await using scripts = await make_scripts();
    const path = await write_script(scripts.folder, wrong);
    await using front = await start_apache("apache_cgi.conf", ["cgid"], {
      "/srv/app/app.cgi": path,
      '"/srv/app"': `"${dirname(path)}"`,
      // By the daemon of mod_cgid, which is of no site.
      "# Apache runs": 'ErrorLogFormat "%E: %M"\n# Apache runs',
    });
    const seen = await ask(front, path);
    assertEquals(seen.status, 500, seen.log);
    for (const message of messages) {
      assertStringIncludes(seen.log, explained(message));
    }
    await write_script(scripts.folder, right);
    assertEquals((await ask(front, path)).status, 200, front.error_log());
  });
}

const ENDED = "End of script output before headers: app.cgi";

/** A module that prints while it is loaded. */
const PRINTING = `console.log("starting");
const { CGIHandler } = await import("${new URL(
  "handlers.ts",
  `file://${path_of("")}`,
)}");
await new CGIHandler().run((environ, start_response) => {
  start_response("200 OK", []);
  return [];
});
`;

/** A script that runs a module which is written beside it. */
function running(module: string): Script {
  const words = ["run", "-A", "--config", quoted(path_of("deno.json"))];
  return {
    source: `#!/bin/sh
cat > "$0.mjs" <<'END'
${module}END
exec ${DENO} ${words.join(" ")} "$0.mjs"
`,
  };
}

function test_scripts(): void {
  test_script("a script without #!", ["(8)Exec format error", ENDED], {
    source: RIGHT.source.replace("#!/bin/sh\n", ""),
  });
  test_script("a script with a byte order mark", ["(8)Exec format error"], {
    source: `\ufeff${RIGHT.source}`,
  });
  const missing =
    "(2)No such file or directory: AH01241: exec of '/srv/app/app.cgi' failed";
  test_script("a script with line ends of Windows", [missing], {
    source: RIGHT.source.replaceAll("\n", "\r\n"),
  });
  test_script("a script whose program is missing", [missing], {
    source: "#!/home/ada/.deno/bin/deno run\n",
  });
  test_script(
    "a script that is not executable",
    ["(13)Permission denied: AH01241: exec of '/srv/app/app.cgi' failed"],
    { ...RIGHT, mode: 0o644 },
  );
  test_script("a script that does not find Deno", [
    "exec: deno: not found",
    ENDED,
  ], {
    source: `#!/bin/sh\nPATH=/nowhere\nexec deno run -A ${COMMAND}\n`,
  });
  test_script(
    "a module that prints while it is loaded",
    ["malformed header from script 'app.cgi': Bad header: starting"],
    running(PRINTING),
    running(PRINTING.replace("console.log", "console.error")),
  );
  test_script(
    "a host that limits virtual memory",
    ["Fatal process out of memory: Oilpan: CagedHeap reservation"],
    {
      source: RIGHT.source.replace("exec", "ulimit -v 8000000\nexec"),
    },
  );
  test_script(
    "a script without permissions",
    ["run again with the --allow-"],
    { source: RIGHT.source.replace(" -A ", " ") },
  );
}

/** A host with `.htaccess`. */
async function start_host(
  folder: string,
  { override = "All", modules = ["rewrite"] }: {
    override?: string;
    modules?: string[];
  } = {},
): Promise<Front> {
  return await start_site(
    `<VirtualHost *:80>
  ServerName example.org
  DocumentRoot ${folder}
  <Directory ${folder}>
    AllowOverride ${override}
    Require all granted
  </Directory>
</VirtualHost>
`,
    ["cgid", "dir", "mime", ...modules],
  );
}

/** Shows what a web server has told it of the path. */
const SHOW = `#!/bin/sh
printf 'Content-Type: text/plain\\n\\n<%s>' "$PATH_INFO"
`;

function test_host(
  name: string,
  run: (folder: string) => Promise<void>,
): void {
  Deno.test(`docs/troubleshooting.md explains ${name}`, async () => {
    await using scripts = await make_scripts();
    await write_script(scripts.folder, { source: SHOW });
    await run(scripts.folder);
  });
}

async function write_htaccess(folder: string, lines: string): Promise<void> {
  await Deno.writeTextFile(join(folder, ".htaccess"), lines);
}

async function get(front: Front, path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${front.port}${path}`);
  return await response.text();
}

const CGI = "Options +ExecCGI\nAddHandler cgi-script .cgi\n";

function test_htaccess(): void {
  test_host("a directive that a host does not allow", async (folder) => {
    await using front = await start_host(folder, { override: "FileInfo" });
    await write_htaccess(folder, CGI);
    await get(front, "/app.cgi");
    const message = explained(".htaccess: Options not allowed here");
    assertStringIncludes(front.error_log(), message);
  });

  test_host("a module that a host does not have", async (folder) => {
    await using front = await start_host(folder, { modules: [] });
    await write_htaccess(folder, `${CGI}RewriteEngine On\n`);
    await get(front, "/app.cgi");
    const message = explained(
      "Invalid command 'RewriteEngine', perhaps misspelled or defined by a module not included",
    );
    assertStringIncludes(front.error_log(), message);
  });

  test_host("a script that is shown", async (folder) => {
    await using front = await start_host(folder);
    assertEquals(await get(front, "/app.cgi"), SHOW);
    await write_htaccess(folder, CGI);
    assertEquals(await get(front, "/app.cgi/cart"), "</cart>");
  });

  test_host(
    "a PATH_INFO that FallbackResource leaves empty",
    async (folder) => {
      await using front = await start_host(folder);
      const fallback = explained("FallbackResource");
      await write_htaccess(folder, `${CGI}${fallback} /app.cgi\n`);
      assertEquals(await get(front, "/cart"), "<>");
      const rule = 'RewriteRule ^(.*)$ app.cgi/$1 "[B=%?#,L]"';
      const condition = "RewriteCond %{REQUEST_FILENAME} !-f";
      await write_htaccess(
        folder,
        `${CGI}RewriteEngine On\n${condition}\n${rule}\n`,
      );
      assertEquals(await get(front, "/cart"), "</cart>");
    },
  );

  test_host("a question mark in a path that Apache refuses", async (folder) => {
    await using front = await start_host(folder);
    const condition = "RewriteCond %{REQUEST_FILENAME} !-f";
    const rule = "RewriteRule ^(.*)$ app.cgi/$1 ";
    const all = `${CGI}RewriteEngine On\n${condition}\n${rule}`;
    await write_htaccess(folder, `${all}[L]\n`);
    await get(front, "/a%3Fb");
    const message = explained(
      "Unsafe URL with %3f URL rewritten without UnsafeAllow3F",
    );
    assertStringIncludes(front.error_log(), message);
    await write_htaccess(folder, `${all}"[B=%?#,L]"\n`);
    assertEquals(await get(front, "/a%3Fb"), "</a?b>");
  });
}

if (installed("apache2", "openssl")) {
  test_scripts();
  test_htaccess();
}
