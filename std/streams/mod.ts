/**
 * The parts of `@std/streams` that this project calls, standing in for it in a checkout: lines, a
 * limit on bytes, and a whole stream as one value.
 *
 * @module
 */

export * from "./text_line_stream.ts";
export * from "./to_bytes.ts";
export * from "./to_text.ts";
