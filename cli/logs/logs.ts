/** The logs of a process, as the settings say. */

import { type AccessLog, open_access_log } from "./access_log.ts";
import { type ErrorLog, open_error_log } from "./error_log.ts";
import type { Settings } from "../settings/settings.ts";

/** Both logs. Open them before the application is loaded, to flush them before its handlers of `unload` run. */
export class Logs {
  /** Errors, and the server's own messages. */
  readonly errors: ErrorLog;
  /** Requests; null if they are not logged. */
  readonly access: AccessLog | null;

  /** @throws {UsageError} If a log cannot be opened. */
  constructor(settings: Settings) {
    const { access_logfile, access_logformat } = settings;
    this.errors = open_error_log(settings.error_logfile, settings.log_level);
    const report = (message: string) => this.errors.log("error", message);
    try {
      this.access = open_access_log(access_logfile, access_logformat, report);
    } catch (error) {
      this.errors.close();
      throw error;
    }
  }

  /** Reopens them after their files were renamed. */
  reopen(): void {
    this.access?.reopen();
    this.errors.reopen();
  }

  /** Flushes the access log, and closes it. */
  close(): void {
    this.access?.close();
  }
}
