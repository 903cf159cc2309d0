/** The settings when nothing is said. */

import type { Settings } from "../../../cli/settings/settings.ts";

export const DEFAULTS: Settings = {
  application: null,
  protocol: "http",
  bind: ["127.0.0.1", 8000],
  backlog: 2048,
  umask: null,
  certfile: null,
  keyfile: null,
  root_path: null,
  forwarded_allow_ips: "127.0.0.1,::1,unix",
  workers: 0,
  max_requests: 0,
  max_requests_jitter: 0,
  graceful_timeout: 30,
  pid: null,
  reload: false,
  access_logfile: "-",
  access_logformat: "common",
  error_logfile: "-",
  log_level: "info",
  timeout: 30,
  limit_concurrency: 0,
  limit_request_body: 1024 ** 3,
  limit_request_line: 8190,
  limit_request_fields: 100,
  limit_request_field_size: 16384,
  validate: false,
  debug: false,
  debug_anywhere: false,
};
