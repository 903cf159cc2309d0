/** The command: `deno run -A jsr:@tsgi/serve [OPTIONS] [MODULE[:NAME]]`. */

import { stderr } from "../_internal/error_stream.ts";
import { process_environ } from "../_internal/process_environ.ts";
import config from "../deno.json" with { type: "json" };
import { demo_app } from "../simple_server.ts";
import type { WSGIApplication } from "../types.ts";
import { load_application } from "./load_application.ts";
import { help, parse_options, type Settings } from "./options.ts";
import { ListenError, serve } from "./serve.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Runs the command.
 *
 * @param args The command line, without the program.
 * @returns The exit status: 0 after a graceful stop, 1 where the address is not to be had, 2 for a mistake in
 * the command line or in the module that it names.
 */
export async function main(args: string[]): Promise<number> {
  try {
    await run(parse_options(args, process_environ()));
    return 0;
  } catch (error) {
    if (error instanceof UsageError) return fail(error, 2);
    if (error instanceof ListenError) return fail(error, 1);
    throw error;
  }
}

async function run(settings: Settings): Promise<void> {
  if (settings.help) return console.log(help().trimEnd());
  if (settings.version) return console.log(version());
  const { application } = settings;
  const app = application === null
    ? demo_app
    : await load_application(application);
  await serve(
    settings.validate ? await validated(app) : app,
    application ?? "demo_app",
    settings,
  );
}

/** The application behind `validator`, which is loaded only when it is asked for. */
async function validated(app: WSGIApplication): Promise<WSGIApplication> {
  const { validator } = await import("../validate.ts");
  return validator(app);
}

function version(): string {
  return `${config.name} ${config.version} (Deno ${Deno.version.deno})`;
}

function fail(error: Error, status: number): number {
  stderr.write(`error: ${error.message}\n`);
  return status;
}
