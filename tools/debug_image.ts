/**
 * Takes the pictures of the error page of `--debug` that README shows, `docs/images/debug.png` and `debug_dark.png`:
 * `deno task image`. It needs Chromium, or what `CHROMIUM` names.
 */

const root = new URL("../", import.meta.url);

/** The application in the picture. */
const SHOP = `import type { WSGIApplication } from "@tsgi/serve";

const prices: Record<string, number | undefined> = { tea: 3.5, coffee: 4 };

function total(item: string, count: number): string {
  return (prices[item]! * count).toFixed(2) + " for " + prices[item]!.toFixed(2);
}

const shop: WSGIApplication = (environ, start_response) => {
  const query = new URLSearchParams(environ.QUERY_STRING);
  const text = total(query.get("item") ?? "tea", Number(query.get("count")));
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  return [new TextEncoder().encode(text)];
};

export default shop;
`;

/** The size of the pictures. */
const [WIDTH, HEIGHT] = [900, 780];

/** Serves the application, and gives where. */
async function serve(folder: string): Promise<[Deno.ChildProcess, string]> {
  await Deno.writeTextFile(`${folder}/shop.ts`, SHOP);
  const mod = new URL("mod.ts", root).href;
  const config = new URL("deno.json", root).pathname;
  const options = ["--debug", "--bind", "127.0.0.1:0", "shop.ts"];
  const server = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", "--config", config, mod, ...options],
    cwd: folder,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const { value } = await server.stdout.getReader().read();
  const [url] = new TextDecoder().decode(value).match(/http:\S+/) ?? [];
  if (url === undefined) throw new Error("the application is not served");
  return [server, url];
}

async function take(url: string, picture: URL, is_dark: boolean) {
  const profile = await Deno.makeTempDir();
  const scheme = is_dark ? 0 : 1; // As Blink numbers them.
  const { success } = await new Deno.Command(
    Deno.env.get("CHROMIUM") ?? "chromium",
    {
      args: [
        ...["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"],
        `--blink-settings=preferredColorScheme=${scheme}`,
        `--window-size=${WIDTH},${HEIGHT}`,
        ...[`--user-data-dir=${profile}`, `--screenshot=${picture.pathname}`],
        `${url}cart?item=cake&count=2`,
      ],
      stdout: "null",
      stderr: "null",
    },
  ).output();
  await Deno.remove(profile, { recursive: true });
  if (!success) throw new Error("the browser has taken no picture");
}

const folder = await Deno.makeTempDir();
const [server, url] = await serve(folder);
try {
  const images = new URL("docs/images/", root);
  await Deno.mkdir(images, { recursive: true });
  await take(url, new URL("debug.png", images), false);
  await take(url, new URL("debug_dark.png", images), true);
} finally {
  server.kill();
  await server.status;
  await Deno.remove(folder, { recursive: true });
}
