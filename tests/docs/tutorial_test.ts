/** docs/tutorial.md, done step by step as its reader does it: the files written, the commands run, the answers compared. */

import { assert, assertEquals } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { make_folder, mod } from "../support/command.ts";
import { read } from "../support/project.ts";
import {
  type ChildServer,
  root,
  start_server,
  text,
} from "../support/support.ts";

type Step =
  | { kind: "file"; name: string; source: string }
  | { kind: "command"; command: string; output: string };

/** What the page has its reader do, in its order. */
function steps_of(page: string): Step[] {
  const steps: Step[] = [];
  for (
    const [, language, code] of page.matchAll(/^```(\w+).*\n([^]*?)^```$/gm)
  ) {
    if (language === "ts") {
      const [, name] = code!.match(/^\/\/ (\w+\.ts)\n/)!;
      steps.push({ kind: "file", name: name!, source: code! });
      continue;
    }
    assertEquals(language, "console");
    for (const part of code!.split(/^(?=\$ )/m)) {
      const [, command, output] = part.match(/^\$ (.*)\n([^]*)$/)!;
      steps.push({ kind: "command", command: command!, output: output! });
    }
  }
  return steps;
}

/** What `deno add` would write, with this project in place of what is published. */
function configuration(): string {
  const imports = Object.entries(config.exports).map(([name, path]) => [
    `@tsgi/serve${name.slice(1)}`,
    new URL(path, root).href,
  ]);
  const std = ["assert", "http", "streams"].map((name) => [
    `@std/${name}`,
    new URL(`std/${name}/mod.ts`, root).href,
  ]);
  std.push(["@std/http/status", new URL("std/http/status.ts", root).href]);
  return JSON.stringify({ imports: Object.fromEntries([...imports, ...std]) });
}

/** The reader's folder, and the server that runs there. */
class Reader implements AsyncDisposable {
  #server: ChildServer | null = null;
  #args: string[] = [];

  constructor(readonly folder: string) {}

  async write(name: string, source: string): Promise<void> {
    await Deno.writeTextFile(`${this.folder}/${name}`, source);
    // In place of --reload, whose moment a test would have to wait for.
    await this.stop();
  }

  /** What a command prints. */
  async run(command: string): Promise<string> {
    const [, args] = command.match(/^deno run -A jsr:@tsgi\/serve (.*)$/) ?? [];
    if (args !== undefined) {
      await this.stop();
      this.#args = args.split(" ");
      await this.#serve();
      return "";
    }
    if (/^(mkdir|deno add) /.test(command)) return "";
    if (command === "deno test") return await this.#test();
    const here = command.includes("127.0.0.1:8000")
      ? command.replace("http://127.0.0.1:8000", (await this.#serve()).url)
      : command;
    const quiet = here.replace(/^curl /, "curl -sS ");
    return await this.#shell("sh", ["-c", quiet]);
  }

  async #serve(): Promise<ChildServer> {
    const [file, ...options] = this.#args.toReversed();
    // At an address of its own, as one process.
    const wanted = ["--debug", "--validate"]
      .filter((option) => options.includes(option));
    return this.#server ??= await start_server([
      ...["--config", `${this.folder}/deno.json`, mod],
      ...["--bind", "127.0.0.1:0", "--access-logfile", "none"],
      ...[...wanted, file!],
    ], { cwd: this.folder });
  }

  async #test(): Promise<string> {
    const output = await this.#shell(Deno.execPath(), [
      "test",
      "-A",
      "--no-check",
    ]);
    const [line] = output.match(/^the .* \.\.\. ok/m) ?? [output];
    return `${line}\n`;
  }

  async #shell(command: string, args: string[]): Promise<string> {
    const { stdout, stderr } = await new Deno.Command(command, {
      args,
      cwd: this.folder,
      env: { NO_COLOR: "1" },
    }).output();
    const [out, error] = [stdout, stderr]
      .map((bytes) => new TextDecoder().decode(bytes));
    return `${out}${error}`;
  }

  async stop(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    this.#server = null;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** An answer without what changes: the date of a response, the version of Deno. */
function lasting(output: string): string {
  return output.trimEnd().replaceAll("\r\n", "\n")
    .replace(/^(date|server): .*$/gim, (_, name) => `${name}: ...`);
}

Deno.test("docs/tutorial.md leads from an empty folder to what it promises", async () => {
  const steps = steps_of(read("docs/tutorial.md"));
  assert(steps.length > 30, "steps are missing");
  await using folder = await make_folder({ "deno.json": configuration() });
  await using reader = new Reader(folder.path);
  for (const step of steps) {
    if (step.kind === "file") {
      await reader.write(step.name, step.source);
      continue;
    }
    const { command, output } = step;
    const printed = await reader.run(command);
    assertEquals(
      `$ ${command}\n${lasting(printed)}`,
      `$ ${command}\n${lasting(output)}`,
    );
  }
});

Deno.test("docs/tutorial.md has applications that deno check passes and deno fmt leaves alone", async () => {
  const files = steps_of(read("docs/tutorial.md"))
    .filter((step) => step.kind === "file")
    .map(({ name, source }) => [name, source] as const);
  const contents = Object.fromEntries(files);
  await using folder = await make_folder({
    "deno.json": configuration(),
    ...contents,
  });
  for (
    const args of [["check", "."], ["fmt", "--check", "--ignore=deno.json"]]
  ) {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args,
      cwd: folder.path,
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals([success, success ? "" : text(stderr)], [true, ""]);
  }
});
