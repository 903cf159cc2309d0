/** The unit of `examples/deployments/` for systemd. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { deployed_args } from "./backends.ts";
import {
  connect,
  deployment,
  find_program,
  make_folder,
  path_of,
  start_service,
  until_ready,
} from "./fronts.ts";

/** Where the unit expects Deno. */
const DENO = "/usr/local/bin/deno";

/** The settings of the unit, by their names. */
function settings(): Map<string, string> {
  const lines = deployment("tsgi.service").matchAll(/^(\w+)=(.*)$/gm);
  return new Map([...lines].map(([, name, value]) => [name!, value!]));
}

Deno.test({
  name: "systemd-analyze finds nothing wrong with tsgi.service",
  ignore: find_program("systemd-analyze") === null,
  async fn() {
    const folder = await make_folder();
    const unit = join(folder, "tsgi.service");
    const content = deployment("tsgi.service", { [DENO]: Deno.execPath() });
    await Deno.writeTextFile(unit, content);
    const { success, stdout, stderr } = await new Deno.Command(
      "systemd-analyze",
      { args: ["verify", unit] },
    ).output();
    const said = new TextDecoder().decode(stdout) +
      new TextDecoder().decode(stderr);
    assertEquals({ success, said }, { success: true, said: "" });
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test("the command of tsgi.service listens where its group may connect, and ends by SIGTERM", async () => {
  const { ExecStart = "", UMask = "" } = Object.fromEntries(settings());
  const folder = await make_folder();
  const socket = join(folder, "app.sock");
  const module = path_of("examples/hello.ts");
  const args = deployed_args(ExecStart, socket, module);
  const script = `umask ${UMask}; exec "$0" "$@"`;
  const service = start_service("sh", ["-c", script, Deno.execPath(), ...args]);
  await until_ready(
    service,
    () => connect({ transport: "unix", path: socket }),
  );
  assertEquals((await Deno.stat(socket)).mode! & 0o777, 0o770);
  await service[Symbol.asyncDispose]();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("tsgi.service names the folders that its command writes to", () => {
  const unit = settings();
  const bind = unit.get("ExecStart")!.match(/ --bind unix:(\S+) /)![1]!;
  assert(bind.startsWith(`/run/${unit.get("RuntimeDirectory")}/`));
  const cache = `/var/cache/${unit.get("CacheDirectory")}`;
  assertEquals(unit.get("Environment"), `DENO_DIR=${cache}`);
});
