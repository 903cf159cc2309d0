/** The logs of a process, as the settings say. */

import { type AccessFormat, compile_format } from "./access_format.ts";
import { type ErrorLog, open_error_log } from "./error_log.ts";
import { type LogFile, open_log } from "./log_file.ts";
import type { Settings } from "../settings/settings.ts";

/** Where requests are logged, and how. */
export interface AccessLog {
  file: LogFile;
  format: AccessFormat;
}

/** Both logs. To be opened before an application is loaded: what it does at its end comes behind what they do. */
export class Logs {
  /** Errors, and what happens to the process. */
  readonly errors: ErrorLog;
  /** Requests; null where they are not logged. */
  readonly access: AccessLog | null;

  /** @throws {UsageError} If a log cannot be opened. */
  constructor(settings: Settings) {
    const { access_logfile, access_logformat } = settings;
    this.errors = open_error_log(settings.error_logfile, settings.log_level);
    const report = (message: string) => this.errors.log("error", message);
    try {
      this.access = access_logfile === "none" ? null : {
        file: open_log(access_logfile, "--access-logfile", { report }),
        format: compile_format(access_logformat),
      };
    } catch (error) {
      this.errors.close();
      throw error;
    }
  }

  /** Opens them anew, after somebody has renamed their files. */
  reopen(): void {
    this.access?.file.reopen();
    this.errors.reopen();
  }

  /** Writes what is still to be written. */
  close(): void {
    this.access?.file.close();
  }
}
