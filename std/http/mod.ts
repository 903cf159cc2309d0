/**
 * The part of `@std/http` that this project calls, standing in for it in a checkout: the table of
 * status codes, and `serveDir` for an example.
 *
 * @module
 */

export * from "./file_server.ts";
export * from "./status.ts";
