/** `--validate`. */

import type { WSGIApplication } from "../types.ts";
import type { Settings } from "./settings/settings.ts";

/** Wraps an application in `validator`, which is only loaded if it is needed. */
export async function validated(
  app: WSGIApplication,
  { validate }: Settings,
): Promise<WSGIApplication> {
  if (!validate) return app;
  const { validator } = await import("../validate.ts");
  return validator(app);
}
