/** `examples/deployments/container/`: what Docker and Kubernetes would run, without them: what they are told, carried out here. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { parse_command } from "../../../cli/settings/parse_options.ts";
import {
  connect,
  deployment,
  free_port,
  make_folder,
  path_of,
  remove_folder,
  start_service,
  until_ready,
} from "../fronts.ts";

/** An instruction of the Dockerfile, and what it is given. */
type Instruction = [name: string, value: string];

const instructions: Instruction[] = Array.from(
  deployment("container/Dockerfile").matchAll(/^([A-Z]+) (.+)$/gm),
  ([, name, value]) => [name!, value!],
);

/** The words of the command that an instruction is given as JSON. */
function command_of(instruction: string): string[] {
  const [, value] = instructions.find(([name]) => name === instruction)!;
  return JSON.parse(value.replace(/^.*?\bCMD /, ""));
}

/** The application of the image: what it answers is that it is there. */
const APP = `export default {
  fetch(request) {
    return new Response(new URL(request.url).pathname);
  },
};
`;

Deno.test("container/Dockerfile has the instructions of a Dockerfile, in an order that has the files before they are loaded", () => {
  assertEquals(
    instructions.map(([name]) => name),
    ["FROM", "WORKDIR", "USER", "COPY", "RUN", "EXPOSE", "HEALTHCHECK", "CMD"],
  );
  assertEquals(deployment("container/.dockerignore").split("\n").at(-1), "");
});

Deno.test("the commands of container/Dockerfile load the application, serve it, find it healthy, and end by SIGTERM", async () => {
  const folder = await make_folder();
  const port = free_port();
  await Deno.writeTextFile(join(folder, "app.ts"), APP);
  const here = (words: string[]) =>
    words.map((word) =>
      word
        .replace("jsr:@tsgi/serve", path_of("mod.ts"))
        .replace(/^:8000$/, `127.0.0.1:${port}`)
        .replace("127.0.0.1:8000", `127.0.0.1:${port}`)
    );
  const options = { cwd: folder, env: { NO_COLOR: "1" } };
  const run = async ([program, ...args]: string[]) => {
    assertEquals(program, "deno");
    return await new Deno.Command(Deno.execPath(), { ...options, args })
      .output();
  };
  assert((await run(here(command_of("RUN")))).success);
  assertEquals((await run(here(command_of("HEALTHCHECK")))).success, false);
  // The image's entry point puts `deno` before it.
  const service = start_service(
    Deno.execPath(),
    here(command_of("CMD")),
    options,
  );
  await until_ready(service, () => connect({ hostname: "127.0.0.1", port }));
  assert((await run(here(command_of("HEALTHCHECK")))).success);
  await service[Symbol.asyncDispose]();
  await remove_folder(folder);
});

const yaml = deployment("container/kubernetes.yaml");

/** The number that follows a key. */
function number_at(key: string): number {
  return Number(yaml.match(new RegExp(`\\b${key}[:=] ?(\\d+)`))![1]);
}

Deno.test("container/kubernetes.yaml gives a container the time that it is told to take", async () => {
  const [, list] = yaml.match(/ args:\n((?: +(?:- |#).*\n)+)/)!;
  const args = Array.from(list!.matchAll(/^ +- (.+)$/gm), ([, it]) => it!);
  const [deno, options] = [args.slice(0, 4), args.slice(4)];
  assertEquals(deno, command_of("CMD").slice(0, 4));
  const { settings } = await parse_command(options);
  assertEquals(settings.application, "app.ts");
  const needed = settings.graceful_timeout + number_at("seconds");
  assert(number_at("terminationGracePeriodSeconds") > needed);
});

Deno.test("container/kubernetes.yaml names the port and the health check that Dockerfile has", () => {
  const [, port] = instructions.find(([name]) => name === "EXPOSE")!;
  const ports = yaml.matchAll(
    /(?:containerPort|targetPort|port|--bind=): ?:?(\d{4})/g,
  );
  assertEquals(new Set(Array.from(ports, ([, it]) => it)), new Set([port]));
  const paths = yaml.matchAll(/httpGet: \{ path: (\S+),/g);
  for (const [, path] of paths) {
    assert(command_of("HEALTHCHECK").join(" ").includes(`${port}${path}'`));
  }
});
