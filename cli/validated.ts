/** `--validate`. */

import type { WSGIApplication } from "../types.ts";
import type { Settings } from "./settings/settings.ts";

/** The application behind `validator`, which is loaded only where it is asked for. */
export async function validated(
  app: WSGIApplication,
  { validate }: Settings,
): Promise<WSGIApplication> {
  if (!validate) return app;
  const { validator } = await import("../validate.ts");
  return validator(app);
}
