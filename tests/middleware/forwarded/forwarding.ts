/** Requests that came by a proxy, and what an application sees of them. */

import { assertEquals } from "@std/assert";
import { trust_forwarded } from "../../../middleware/mod.ts";
import type { WSGIApplication, WSGIEnvironment } from "../../../types.ts";
import { bytes } from "../../support/support.ts";
import { request_uri } from "../../../util.ts";

export type Variables = Record<string, string>;

/** What a request that came by a proxy on the same machine has, before anything is believed. */
export const REQUEST: Variables = {
  REQUEST_METHOD: "GET",
  SCRIPT_NAME: "",
  PATH_INFO: "/x",
  QUERY_STRING: "a=b",
  SERVER_PROTOCOL: "HTTP/1.1",
  SERVER_NAME: "localhost",
  SERVER_PORT: "8000",
  REMOTE_ADDR: "127.0.0.1",
  REMOTE_PORT: "50000",
  REMOTE_HOST: "",
  HTTP_HOST: "app.internal:8000",
  "wsgi.url_scheme": "http",
};

/** The environ that an application gets behind `wrap`. */
export function behind(
  wrap: (app: WSGIApplication) => WSGIApplication,
  environ: Variables,
): Variables {
  let seen: Variables = {};
  const app: WSGIApplication = (environ) => {
    seen = { ...environ } as unknown as Variables;
    return [];
  };
  const given = { ...environ } as unknown as WSGIEnvironment;
  wrap(app)(given, () => async () => {});
  return seen;
}

/** The environ that an application gets of `REQUEST` with those variables. */
export function environ_of(variables: Variables, trusted: string): Variables {
  return behind(
    (app) => trust_forwarded(app, { trusted }),
    { ...REQUEST, ...variables },
  );
}

/** What of an environ became another, null for what was removed. */
export function difference(
  before: Variables,
  after: Variables,
): Record<string, string | null> {
  const changes: Record<string, string | null> = {};
  for (const key in { ...before, ...after }) {
    if (before[key] !== after[key]) changes[key] = after[key] ?? null;
  }
  return changes;
}

/** What is changed of `REQUEST` with those variables. */
export function changes_of(
  variables: Variables,
  trusted = "127.0.0.1",
): Record<string, string | null> {
  const before = { ...REQUEST, ...variables };
  return difference(before, environ_of(variables, trusted));
}

export type Case = [
  variables: Variables,
  changes: Record<string, string | null>,
];

export function assert_changes(cases: Case[], trusted?: string): void {
  for (const [variables, changes] of cases) {
    assertEquals(
      changes_of(variables, trusted),
      changes,
      JSON.stringify(variables),
    );
  }
}

/** Every header that a client may forge. */
export const FORGED: Variables = {
  HTTP_FORWARDED: "for=198.51.100.1;proto=https;host=evil.example",
  HTTP_X_FORWARDED: "for=198.51.100.1",
  HTTP_X_FORWARDED_BY: "198.51.100.1",
  HTTP_X_FORWARDED_FOR: "198.51.100.1",
  HTTP_X_FORWARDED_HOST: "evil.example",
  HTTP_X_FORWARDED_PORT: "444",
  HTTP_X_FORWARDED_PREFIX: "/evil",
  HTTP_X_FORWARDED_PROTO: "https",
  HTTP_X_FORWARDED_PROTOCOL: "ssl",
  HTTP_X_FORWARDED_SCHEME: "https",
  HTTP_X_FORWARDED_SERVER: "evil.example",
  HTTP_X_FORWARDED_SSL: "on",
  HTTP_X_FORWARDED_USER: "root",
  HTTP_X_REAL_IP: "198.51.100.1",
};

/** Answers with what it sees of the client and of its way. */
export const show: WSGIApplication = (environ, start_response) => {
  start_response("200 OK", [["Content-Type", "application/json"]]);
  const { REMOTE_ADDR, HTTP_X_FORWARDED_FOR, HTTP_FORWARDED } = environ;
  return [bytes(JSON.stringify({
    REMOTE_ADDR,
    HTTP_X_FORWARDED_FOR,
    HTTP_FORWARDED,
    uri: request_uri(environ),
  }))];
};
