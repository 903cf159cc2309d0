/** What is measured: the cases, their contenders, and what each comparison has to reach. */

import {
  added_growth,
  added_time,
  type Case,
  type Comparison,
  type Contender,
  median,
  type Sample,
  speed,
  time,
} from "./case.ts";
import { measure_load } from "./load.ts";
import { measure_behind_nginx, socket } from "./nginx.ts";
import { measure_startup } from "./startup.ts";
import { large_file, measure_transfer, type Way } from "./transfer.ts";

const HERE = "bench/contenders";
/** Debian's, which is the one that sees Debian's packages. */
const PYTHON = "/usr/bin/python3";

/** A script for Deno. */
function script(name: string, file: string, ...args: string[]): Contender {
  return { name, command: () => ["deno", "run", "-A", file, ...args] };
}

/** This project's command with an application of application.ts, or of another module. */
export function serve(
  name: string,
  application: string,
  options: (folder: string) => string[] = () => [],
  module = `application.ts:${application}`,
): Contender {
  const command = (folder: string) => {
    const given = options(folder);
    const add = (option: string, value: string) =>
      given.includes(option) ? [] : [option, value];
    return [
      ...["deno", "run", "-A", "mod.ts", ...add("--bind", "127.0.0.1:0")],
      ...[...add("--access-logfile", "none"), ...given, `${HERE}/${module}`],
    ];
  };
  return { name, command };
}

function python(name: string, file: string): Contender {
  const command = () => [PYTHON, `${HERE}/${file}`];
  return { name, command, optional: true };
}

const uwsgi: Contender = {
  name: "uwsgi",
  command: () => [
    ...["uwsgi", "--plugin", "python3", "--http-socket", "127.0.0.1:0"],
    ...["--chdir", HERE, "--module", "application:small", "--need-app"],
    ...["--processes", "1", "--disable-logging", "--die-on-term"],
    // It closes each connection, but does not say so.
    ...["--add-header", "Connection: close"],
  ],
  optional: true,
};

const gunicorn: Contender = {
  name: "gunicorn",
  command: () => [
    ...["gunicorn", "--chdir", HERE, "--bind", "127.0.0.1:0"],
    "application:small",
  ],
  optional: true,
};

const OURS = "ours";
const LOGGED = "ours, log on";
const VALIDATED = "ours, validator";
const BARE = "bare Deno.serve";
const READER = "reader";
const LEAST = "least";
const WSGIREF = "CPython wsgiref";

/** `contender` is to be `floor` times as fast as `baseline`, better `goal` times. */
function faster(
  contender: string,
  baseline: string,
  floor?: number,
  goal?: number,
): Comparison {
  return { contender, baseline, relation: speed, floor, goal };
}

const small: Case = {
  name: "small",
  title: `13-byte response, keep-alive, 64 connections`,
  unit: "requests/s",
  cpu_unit: "µs/request",
  contenders: [
    script(BARE, `${HERE}/bare.ts`, "small"),
    script(READER, `${HERE}/reader.ts`, "small"),
    script(LEAST, `${HERE}/least.ts`, "small"),
    serve(OURS, "small"),
    serve(
      LOGGED,
      "small",
      (folder) => ["--access-logfile", `${folder}/access.log`],
    ),
    serve(VALIDATED, "small", () => ["--validate"]),
    python(WSGIREF, "wsgiref_server.py"),
    uwsgi,
    gunicorn,
    python("waitress", "waitress_server.py"),
    python("cheroot", "cheroot_server.py"),
  ],
  measure: measure_load,
  comparisons: [
    faster(OURS, READER, 0.9, 1),
    faster(LOGGED, OURS, 0.85, 0.95),
    faster(OURS, WSGIREF, 6, 9),
    faster(OURS, "uwsgi", 1.2, 1.5),
    faster(OURS, BARE),
    faster(LEAST, READER),
    faster(OURS, LEAST),
    faster(VALIDATED, OURS),
    faster(OURS, "gunicorn"),
    faster(OURS, "waitress"),
    faster(OURS, "cheroot"),
  ],
};

const large: Case = {
  name: "large",
  title: "64 KiB response from an array",
  unit: "requests/s",
  cpu_unit: "µs/request",
  contenders: [
    script(BARE, `${HERE}/bare.ts`, "large"),
    script(READER, `${HERE}/reader.ts`, "large"),
    script(LEAST, `${HERE}/least.ts`, "large"),
    serve(OURS, "large"),
  ],
  measure: measure_load,
  comparisons: [
    faster(OURS, BARE, 0.9, 1),
    faster(READER, BARE),
    faster(LEAST, BARE),
    faster(OURS, LEAST),
  ],
};

/** More memory than this is not asked of a growth that stays below `ALLOWED`. */
const SPARE = 16;
const ALLOWED = 64;

/** At most `ALLOWED`, or `SPARE` more than the baseline, in MiB. */
function growth_floor(baseline: Sample[]): number {
  const growth = median(baseline.map(({ growth }) => growth!));
  return Math.max(ALLOWED - growth, SPARE);
}

function transfer(way: Way, title: string, floor: number): Case {
  const server = "tests/support/memory_server.ts";
  const contender = (name: string, arg: string): Contender => ({
    name,
    command: (folder) => [
      ...["deno", "run", "-A", server, arg, large_file(folder)],
    ],
  });
  return {
    name: way,
    title,
    unit: "MiB/s",
    cpu_unit: "s/transfer",
    contenders: [contender(BARE, "bare"), contender(OURS, "ours")],
    measure: measure_transfer(way),
    comparisons: [
      faster(OURS, BARE, floor, 1),
      {
        contender: OURS,
        baseline: BARE,
        relation: added_growth,
        floor: growth_floor,
        goal: SPARE,
      },
    ],
  };
}

const DENO_RUN = "deno run";
const CGI_BUNDLED = "ours, bundled";
const CGI_MOD = "ours, mod.ts";
const CGI_COMMAND = "ours, command";
const CGI_CPYTHON = "CPython CGIHandler";

/** The script of `OURS`, its modules put into one file. */
const cgi_bundled: Contender = {
  name: CGI_BUNDLED,
  command: (folder) => ["deno", "run", "-A", `${folder}/cgi.js`],
  build: (folder) => [
    ...["deno", "bundle", "--quiet", "--output", `${folder}/cgi.js`],
    `${HERE}/cgi.ts`,
  ],
  optional: true, // Deno loads what it bundles with.
};

const cgi: Case = {
  name: "cgi",
  title: "CGI: one request, cold start to exit",
  unit: "ms",
  contenders: [
    script(DENO_RUN, `${HERE}/cgi_bare.ts`),
    script(LEAST, `${HERE}/cgi_least.ts`),
    script(OURS, `${HERE}/cgi.ts`),
    cgi_bundled,
    script(CGI_MOD, `${HERE}/cgi_mod.ts`),
    script(
      CGI_COMMAND,
      "mod.ts",
      ...["--protocol", "cgi", `${HERE}/application.ts:small`],
    ),
    python(CGI_CPYTHON, "cgi.py"),
  ],
  measure: measure_startup,
  comparisons: [
    {
      contender: OURS,
      baseline: DENO_RUN,
      relation: time,
      floor: 1.3,
      goal: 1.1,
    },
    {
      contender: OURS,
      baseline: CGI_CPYTHON,
      relation: time,
      floor: 1,
      goal: 0.5,
    },
    {
      contender: CGI_BUNDLED,
      baseline: DENO_RUN,
      relation: time,
      floor: 1.3,
      goal: 1.1,
    },
    {
      contender: CGI_BUNDLED,
      baseline: CGI_CPYTHON,
      relation: time,
      floor: 1,
      goal: 0.5,
    },
    { contender: LEAST, baseline: DENO_RUN, relation: time },
    { contender: LEAST, baseline: CGI_CPYTHON, relation: time },
    { contender: CGI_MOD, baseline: DENO_RUN, relation: time },
    { contender: CGI_COMMAND, baseline: DENO_RUN, relation: time },
  ],
};

const EMPTY = "empty module";

const import_mod: Case = {
  name: "import",
  title: "import of mod.ts",
  unit: "ms",
  contenders: [
    script(EMPTY, `${HERE}/import_nothing.ts`),
    script("mod.ts", `${HERE}/import_mod.ts`),
  ],
  measure: measure_startup,
  comparisons: [
    {
      contender: "mod.ts",
      baseline: EMPTY,
      relation: added_time,
      floor: 15,
      goal: 5,
    },
  ],
};

/** Whose connections nginx keeps, as far as the protocol can do that. */
const HTTP_KEPT = "http, kept";
const FASTCGI_KEPT = "fastcgi, kept";

/** The server that a contender of nginx's case is. */
function behind_nginx(name: string): Contender {
  const protocol = name.replace(", kept", "");
  return serve(name, "small", (folder) => [
    ...["--protocol", protocol, "--bind", `unix:${socket(folder, name)}`],
  ]);
}

const nginx: Case = {
  name: "nginx",
  title: "FastCGI, SCGI, uwsgi and HTTP behind nginx",
  unit: "requests/s",
  cpu_unit: "µs/request",
  contenders: ["http", "fastcgi", "scgi", "uwsgi", HTTP_KEPT, FASTCGI_KEPT]
    .map(behind_nginx),
  measure: measure_behind_nginx,
  comparisons: [
    faster("fastcgi", "http", 1, 1.2),
    faster("scgi", "http", 1, 1.2),
    faster("uwsgi", "http", 1, 1.2),
    faster(FASTCGI_KEPT, HTTP_KEPT, 1, 1.2),
    faster(FASTCGI_KEPT, "http"),
  ],
};

const MAKE_SERVER = "make_server";

/** A fetch application, and what it costs without this package. */
const hono: Case = {
  name: "hono",
  title: "JSON from Hono, keep-alive, 64 connections",
  unit: "requests/s",
  cpu_unit: "µs/request",
  contenders: [
    script(BARE, `${HERE}/hono_bare.ts`),
    script(MAKE_SERVER, `${HERE}/hono_server.ts`),
    serve(OURS, "", () => [], "hono.ts"),
  ],
  measure: measure_load,
  comparisons: [
    faster(MAKE_SERVER, BARE, 0.7, 0.9),
    faster(OURS, BARE),
  ],
};

const FASTCGI_LEAST = "fastcgi, least";
const FASTCGI_KEPT_LEAST = "fastcgi, kept, least";

/** A server of `contenders` that listens at the socket of its name. */
function at_socket(name: string, file: string, ...args: string[]): Contender {
  const command = (folder: string) => [
    ...["deno", "run", "-A", `${HERE}/${file}`],
    ...[socket(folder, name), ...args],
  ];
  return { name, command };
}

/** The same behind nginx: bare `Deno.serve` by HTTP, this package by FastCGI. */
const hono_nginx: Case = {
  name: "hono_nginx",
  title: "JSON from Hono behind nginx",
  unit: "requests/s",
  cpu_unit: "µs/request",
  contenders: [
    ...["http", HTTP_KEPT].map((name) => at_socket(name, "hono_bare.ts")),
    ...["fastcgi", FASTCGI_KEPT].map((name) =>
      serve(name, "", (folder) => [
        ...["--protocol", "fastcgi"],
        ...["--bind", `unix:${socket(folder, name)}`],
      ], "hono.ts")
    ),
    at_socket(FASTCGI_LEAST, "fastcgi_least.ts"),
    at_socket(FASTCGI_KEPT_LEAST, "fastcgi_least.ts", "kept"),
  ],
  measure: measure_behind_nginx,
  comparisons: [
    faster("fastcgi", "http", 1, 1.2),
    faster(FASTCGI_KEPT, HTTP_KEPT, 1, 1.2),
    faster(FASTCGI_KEPT, "http"),
    faster(FASTCGI_LEAST, "http"),
    faster(FASTCGI_KEPT_LEAST, HTTP_KEPT),
  ],
};

/** Every case, in the order of the table. */
export const cases: Case[] = [
  small,
  large,
  transfer("down", "1 GiB from an async generator of 64 KiB chunks", 0.9),
  transfer("file", "1 GiB file through wsgi.file_wrapper", 0.95),
  transfer("up", "1 GiB upload drained from wsgi.input", 0.95),
  cgi,
  nginx,
  hono,
  hono_nginx,
  import_mod,
];
