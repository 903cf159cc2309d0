/**
 * The part of `@std/http` that this project calls, standing in for it in a checkout: the table of
 * status codes.
 *
 * @module
 */

export * from "./status.ts";
