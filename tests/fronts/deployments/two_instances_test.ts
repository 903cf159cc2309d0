/** `service/nginx_two_instances.conf`: one instance answers while the other is restarted. */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { serve } from "../../../cli/mod.ts";
import { installed, make_folder, remove_folder } from "../fronts.ts";
import { start_nginx } from "../nginx.ts";
import where from "./where.ts";

const FILE = "service/nginx_two_instances.conf";

async function test_restart(): Promise<void> {
  const folder = await make_folder();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => remove_folder(folder));
  const start = (name: string) =>
    serve(where, {
      protocol: "fastcgi",
      bind: `unix:${join(folder, `${name}.sock`)}`,
      access_logfile: "none",
    });
  const instances: Record<string, Awaited<ReturnType<typeof start>>> = {};
  for (const name of ["blue", "green"]) instances[name] = await start(name);
  stack.defer(async () => {
    for (const instance of Object.values(instances)) await instance.shutdown();
  });
  const front = stack.use(
    await start_nginx(FILE, {
      "/run/tsgi-blue/app.sock": join(folder, "blue.sock"),
      "/run/tsgi-green/app.sock": join(folder, "green.sock"),
    }),
  );
  let asking = true;
  const statuses: number[] = [];
  const ask = async () => {
    const response = await fetch(`http://127.0.0.1:${front.port}/`);
    await response.body?.cancel();
    statuses.push(response.status);
  };
  const client = async () => {
    while (asking) await ask();
  };
  const clients = [client(), client(), client()];
  for (const name of ["blue", "green"]) {
    const begun = statuses.length;
    await instances[name]!.shutdown();
    // While one is down, the other is asked again and again.
    while (statuses.length < begun + 20) await ask();
    instances[name] = await start(name);
  }
  asking = false;
  await Promise.all(clients);
  assertEquals(statuses.filter((status) => status !== 200), []);
}

if (installed("nginx", "openssl")) {
  Deno.test(
    `${FILE} loses no request while one instance after the other is restarted`,
    test_restart,
  );
}
