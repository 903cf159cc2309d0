/** `service/https.conf` and `service/certbot_hook.sh`: a certificate that is renewed is served without a restart. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import {
  connect,
  deployment,
  free_port,
  installed,
  make_certificate,
  make_folder,
  path_of,
  quoted,
  remove_folder,
  start_service,
  until_ready,
} from "../fronts.ts";
import { until } from "../../support/support.ts";

/** Makes a certificate as certbot has it; gives it. */
async function renew(folder: string): Promise<string> {
  const { certificate, key } = await make_certificate(folder);
  await Deno.rename(certificate, join(folder, "fullchain.pem"));
  await Deno.rename(key, join(folder, "privkey.pem"));
  return await Deno.readTextFile(join(folder, "fullchain.pem"));
}

/** Whether the server at a port has a certificate. */
async function is_served(port: number, certificate: string): Promise<void> {
  const hostname = "127.0.0.1";
  const caCerts = [certificate];
  using conn = await Deno.connectTls({ hostname, port, caCerts });
  await conn.handshake();
}

async function test_renewal(): Promise<void> {
  const folder = await make_folder();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => remove_folder(folder));
  const lineage = join(folder, "live");
  const copies = join(folder, "tsgi");
  await Deno.mkdir(lineage);
  await Deno.mkdir(copies);
  const first = await renew(lineage);
  for (const name of ["fullchain.pem", "privkey.pem"]) {
    await Deno.copyFile(join(lineage, name), join(copies, name));
  }

  const port = free_port();
  const replaced: Record<string, string> = {
    "jsr:@tsgi/serve": path_of("mod.ts"),
    ":443": `127.0.0.1:${port}`,
    "/etc/tsgi/fullchain.pem": join(copies, "fullchain.pem"),
    "/etc/tsgi/privkey.pem": join(copies, "privkey.pem"),
    "/run/tsgi/app.pid": join(folder, "app.pid"),
    "/var/log/tsgi/access.log": join(folder, "access.log"),
    "/srv/app/app.ts": path_of("examples/hello.ts"),
  };
  const [, command] = deployment("service/https.conf")
    .match(/^ExecStart=\/usr\/local\/bin\/deno (.+)$/m)!;
  const words = command!.split(" ");
  for (const word of Object.keys(replaced)) assert(words.includes(word), word);
  const service = stack.use(
    start_service(Deno.execPath(), words.map((word) => replaced[word] ?? word)),
  );
  await until_ready(service, () => connect({ hostname: "127.0.0.1", port }));
  await is_served(port, first);

  const second = await renew(lineage);
  await assertRejects(() => is_served(port, second), Error);
  // What stands for systemctl does what ExecReload says.
  const reload =
    `#!/bin/sh\n[ "$*" = "try-reload-or-restart tsgi" ] && kill -HUP ${service.pid}\n`;
  await Deno.writeTextFile(join(folder, "systemctl"), reload, { mode: 0o755 });
  const script = deployment("service/certbot_hook.sh", {
    "/etc/tsgi": quoted(copies),
    "-g ssl-cert": '-g "$(id -g)"',
  });
  const { success } = await new Deno.Command("sh", {
    args: ["-c", script],
    env: {
      RENEWED_LINEAGE: lineage,
      PATH: `${folder}:${Deno.env.get("PATH")}`,
    },
  }).output();
  assertEquals(success, true);
  await until(() => service.stderr().includes(" [INFO] reloaded\n"));
  await is_served(port, second);
  assertEquals(
    (await Deno.stat(join(copies, "privkey.pem"))).mode! & 0o777,
    0o640,
  );
}

if (installed("openssl")) {
  Deno.test(
    "service/certbot_hook.sh has the service serve a renewed certificate, without a restart",
    test_renewal,
  );
}
