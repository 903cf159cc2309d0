/** docs/security.md: what its command does not allow. */

import { assert, assertEquals } from "@std/assert";
import { path_of, start_service, until_ready } from "../fronts/fronts.ts";
import { make_folder } from "../support/command.ts";
import { read } from "../support/project.ts";
import {
  exchange,
  fastcgi,
  whole_request,
} from "../gateways/gateway_clients.ts";

const APP = `export default ({ DATABASE_URL }, start_response) => {
  const tried = [
    () => Deno.readTextFileSync("/etc/passwd"),
    () => new Deno.Command("/bin/true").outputSync(),
    () => Deno.writeTextFileSync(import.meta.filename, ""),
  ].map((attempt) => {
    try {
      attempt();
      return "allowed";
    } catch (error) {
      return error.name;
    }
  });
  start_response("200 OK", []);
  const told = [...tried, String(DATABASE_URL)].join();
  return [new TextEncoder().encode(told)];
};
`;

Deno.test("the command of docs/security.md serves an application that may do nothing else", async () => {
  const [, line] = read("docs/security.md").match(
    /^deno (run --allow-net=unix.+)$/m,
  )!;
  await using folder = await make_folder({ "app.ts": APP });
  await Deno.mkdir(`${folder.path}/run`);
  const args = line!
    .replaceAll("/run/tsgi", `${folder.path}/run`)
    .replaceAll("/srv/app", folder.path)
    .replace("jsr:@tsgi/serve", path_of("mod.ts"))
    .split(" ");
  assert(args.includes("fastcgi"));
  const socket = `${folder.path}/run/app.sock`;
  await using service = start_service(Deno.execPath(), args, {
    env: { NO_COLOR: "1", DATABASE_URL: "secret" },
  });
  const ask = async () => {
    const raw = await exchange(socket, whole_request(fastcgi));
    return fastcgi.answer(raw).text.split("\r\n\r\n")[1];
  };
  await until_ready(service, async () => void await ask());
  assertEquals(await ask(), "NotCapable,NotCapable,NotCapable,undefined");
});
