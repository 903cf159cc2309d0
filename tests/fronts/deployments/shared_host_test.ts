/** The files of `examples/deployments/shared_host/`, in Apache with `AllowOverride`: no part of its own configuration is theirs. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { read } from "../../support/project.ts";
import { root, text } from "../../support/support.ts";
import { start_site } from "../apache.ts";
import {
  deployment,
  type Front,
  installed,
  make_folder,
  remove_folder,
} from "../fronts.ts";

/** What docs/deploy.md has the script run: a WSGI application, and one with a `fetch`. */
const MAINS = Array.from(
  read("docs/deploy.md").matchAll(
    /^ *```ts ignore\n([^`]+CGIHandler[^`]+)```$/gm,
  ),
  ([, code]) => code!.replaceAll("jsr:@tsgi/serve", "@tsgi/serve"),
);

/** The application that tells what it was asked for. */
const WSGI_APP = `export { default } from "${new URL(
  "where.ts",
  import.meta.url,
)}";
`;

/** An application with a `fetch`: it says by what URL it was asked. */
const FETCH_APP = `export default {
  fetch: (request: Request) => new Response(request.url),
};
`;

/** A host on which Ada has a home folder, and no rights but to what is in it. */
interface Host extends AsyncDisposable {
  home: string;
  front: Front;
}

/**
 * Starts a host.
 *
 * @param site Where `public_html` of Ada's home folder is found: at the root, unless told otherwise.
 * @param rewrite_base The path that `.htaccess` names, if any.
 * @param override What `.htaccess` may have.
 * @param main What is bundled, from docs/deploy.md.
 * @param app The application that it imports.
 */
async function start_host(
  {
    site = (home) => `DocumentRoot ${home}/public_html`,
    rewrite_base = null,
    override = "FileInfo AuthConfig Options",
    main = MAINS[0]!,
    app = WSGI_APP,
  }: {
    site?: (home: string) => string;
    rewrite_base?: string | null;
    override?: string;
    main?: string;
    app?: string;
  } = {},
): Promise<Host> {
  const home = await make_folder();
  for (const folder of ["public_html/shop", "app", ".deno/bin", ".cache"]) {
    await Deno.mkdir(`${home}/${folder}`, { recursive: true });
  }
  await Deno.chmod(`${home}/.cache`, 0o777);
  await Deno.symlink(Deno.execPath(), `${home}/.deno/bin/deno`);
  await Deno.writeTextFile(`${home}/app/app.ts`, app);
  await Deno.writeTextFile(`${home}/app/main.ts`, main);
  await bundle(`${home}/app`);
  await Deno.writeTextFile(`${home}/public_html/style.css`, "a file");
  for (const folder of ["public_html", "public_html/shop"]) {
    const script = `${home}/${folder}/app.cgi`;
    await Deno.writeTextFile(
      script,
      deployment("shared_host/app.cgi", { "/home/ada": home }),
    );
    await Deno.chmod(script, 0o755);
    await Deno.writeTextFile(
      `${home}/${folder}/.htaccess`,
      deployment(
        "shared_host/.htaccess",
        rewrite_base === null
          ? {}
          : { "# RewriteBase /": `RewriteBase ${rewrite_base}` },
      ),
    );
  }
  const front = await start_site(
    `<VirtualHost *:80>
  ServerName example.org
  ${site(home)}
  <Directory ${home}/public_html>
    AllowOverride ${override}
    Require all granted
  </Directory>
</VirtualHost>
`,
    ["cgid", "mime", "rewrite"],
  );
  return {
    home,
    front,
    async [Symbol.asyncDispose]() {
      await front[Symbol.asyncDispose]();
      await remove_folder(home);
    },
  };
}

/** Bundles the application, as docs/deploy.md has it. */
async function bundle(folder: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "-o", `${folder}/app.js`, `${folder}/main.ts`],
    cwd: root, // Where JSR's packages are found.
  }).output();
  assert(success, text(stderr));
}

/** What the application has seen of a request, or the page that it was not asked for. */
async function ask({ front }: Host, target: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${front.port}${target}`, {
    headers: { Authorization: "Bearer of-a-ring" },
  });
  const page = await response.text();
  const is_seen = response.headers.get("content-type") === "application/json";
  if (!is_seen) return page;
  const { SCRIPT_NAME, PATH_INFO, url, HTTP_AUTHORIZATION } = JSON.parse(page);
  assertEquals(HTTP_AUTHORIZATION, "Bearer of-a-ring");
  assertEquals(new URL(url).port, String(front.port));
  return [SCRIPT_NAME, PATH_INFO, url.replace(/^http:\/\/[^/]+/, "")];
}

/** What is asked for, and what the application sees: `SCRIPT_NAME`, `PATH_INFO`, and the URL that it makes of them. */
const REQUESTS: [target: string, script_name: string, path_info: string][] = [
  ["/", "", "/"],
  ["/cart?id=7", "", "/cart"],
  ["/a%20b/c+d", "", "/a b/c+d"],
  ["/caf%C3%A9", "", "/caf\u00c3\u00a9"],
  ["/a%3Fb", "", "/a?b"],
  ["/a%2523", "", "/a%23"],
  ["/a%23b", "", "/a#b"],
  ["/app.cgi/cart", "", "/cart"],
  ["/shop/", "/shop", "/"],
  ["/shop/cart?id=7", "/shop", "/cart"],
];

async function test_requests() {
  await using host = await start_host();
  for (const [target, script_name, path_info] of REQUESTS) {
    const [seen_name, seen_path, url] = await ask(host, target) as string[];
    assertEquals([target, seen_name, seen_path], [
      target,
      script_name,
      path_info,
    ]);
    // A target that is equivalent: what need not be encoded may come back as it is.
    assertEquals(
      decodeURIComponent(url!),
      decodeURIComponent(target.replace("/app.cgi", "")),
    );
  }
  assertEquals(await ask(host, "/style.css"), "a file");
}

async function test_fetch_application() {
  await using host = await start_host({ main: MAINS[1]!, app: FETCH_APP });
  const { port } = host.front;
  const url = `http://127.0.0.1:${port}/cart?id=7`;
  assertEquals(await ask(host, "/cart?id=7"), url);
}

/** A host that runs scripts of `cgi-bin` only, and allows few directives; docs/deploy.md has what is changed then. */
async function test_cgi_bin() {
  const page = read("docs/deploy.md").replace(/\s+/g, " ");
  const quoted = (text: string) => {
    assertStringIncludes(page, `\`${text}\``);
    return text;
  };
  await using host = await start_host({
    override: "FileInfo",
    site: (home) =>
      `DocumentRoot ${home}/public_html
  ScriptAlias "/cgi-bin/" "${home}/cgi-bin/"
  <Directory ${home}/cgi-bin>
    Require all granted
  </Directory>`,
  });
  const { home } = host;
  await Deno.mkdir(`${home}/cgi-bin`);
  const script = await Deno.readTextFile(`${home}/public_html/app.cgi`);
  const line = quoted('export SCRIPT_NAME=""');
  const renamed = quoted(
    'export HTTP_AUTHORIZATION="$REDIRECT_HTTP_AUTHORIZATION"',
  );
  await Deno.writeTextFile(
    `${home}/cgi-bin/app.cgi`,
    script.replace(/^export SCRIPT_NAME=.*$/m, `${line}\n${renamed}`),
    { mode: 0o755 },
  );
  const auth = quoted(
    'SetEnvIf Authorization "(.+)" HTTP_AUTHORIZATION=$1',
  );
  await Deno.writeTextFile(
    `${home}/public_html/.htaccess`,
    deployment("shared_host/.htaccess", {
      "Options +ExecCGI\nAddHandler cgi-script .cgi\n": "",
      "CGIPassAuth On": auth,
      " app.cgi/$1 ": ` ${quoted("/cgi-bin/app.cgi/$1")} `,
    }),
  );
  for (const path of ["public_html/app.cgi", "public_html/shop"]) {
    await Deno.remove(`${home}/${path}`, { recursive: true });
  }
  assertEquals(await ask(host, "/a%3Fb?id=7"), ["", "/a?b", "/a%3Fb?id=7"]);
  assertEquals(await ask(host, "/style.css"), "a file");
}

async function test_rewrite_base() {
  // Apache does not know by what path the folder is reached.
  const site = (home: string) =>
    `DocumentRoot ${home}/app
  <Directory ${home}/app>
    Require all granted
  </Directory>
  RewriteEngine On
  RewriteRule "^/~ada(.*)$" "${home}/public_html$1"`;
  await using without = await start_host({ site });
  assertEquals(await ask(without, "/~ada/cart"), "404");
  await using with_base = await start_host({ site, rewrite_base: "/~ada/" });
  assertEquals(await ask(with_base, "/~ada/cart"), [
    "/~ada",
    "/cart",
    "/~ada/cart",
  ]);
}

if (installed("apache2", "openssl")) {
  Deno.test(
    "shared_host/.htaccess passes every path to the application, decoded once, and no app.cgi is in its URLs",
    test_requests,
  );
  Deno.test(
    "shared_host/app.cgi runs what docs/deploy.md has for an application with a fetch",
    test_fetch_application,
  );
  Deno.test(
    "shared_host/ serves a host that runs scripts of cgi-bin only, as docs/deploy.md has it",
    test_cgi_bin,
  );
  Deno.test(
    "shared_host/.htaccess finds its script by RewriteBase where Apache does not know the folder's URL",
    test_rewrite_base,
  );
}
