/** The requests that are compared: as they go over the wire, and what the differences have to know of them. */

import { type Script, script_target } from "./application.ts";

/** A request; its texts hold one byte per character. */
export interface ParityRequest {
  method: string;
  target: string;
  version: string;
  /** The header lines, without their line ends. */
  lines: string[];
  body: string;
  /** What the application does, where it does not echo. */
  script?: Script;
}

/** Stands among the header lines of a request that is to have no `Host`. */
export const NO_HOST = "";

/**
 * A request of HTTP/1.1 that closes the connection. `Host` is added unless it is among `lines`, or `NO_HOST`;
 * what tells the length of the body is not.
 */
export function request(
  method: string,
  target: string,
  lines: string[] = [],
  body = "",
): ParityRequest {
  const has_host = lines.some((line) =>
    line === NO_HOST || /^host *:/i.test(line)
  );
  return {
    method,
    target,
    version: "HTTP/1.1",
    lines: [
      ...(has_host ? [] : ["Host: www.example.com"]),
      ...lines.filter((line) => line !== NO_HOST),
      "Connection: close",
    ],
    body,
  };
}

/** A GET. */
export function get(target: string, ...lines: string[]): ParityRequest {
  return request("GET", target, lines);
}

/** A POST of `body`, with its length. */
export function post(body: string, ...lines: string[]): ParityRequest {
  return with_body("POST", body, ...lines);
}

/** A request of `body`, with its length. */
export function with_body(
  method: string,
  body: string,
  ...lines: string[]
): ParityRequest {
  return request(method, "/form", [
    ...lines,
    `Content-Length: ${body.length}`,
  ], body);
}

/** A request whose body is sent in the chunked coding, one chunk for each of `parts`. */
export function chunked(method: string, ...parts: string[]): ParityRequest {
  const chunks = [...parts, ""].map((part) =>
    `${part.length.toString(16)}\r\n${part}\r\n`
  );
  return request(
    method,
    "/chunked",
    ["Transfer-Encoding: chunked"],
    chunks.join(""),
  );
}

/** A request that the application answers as `script` says. */
export function scripted(script: Script, method = "GET"): ParityRequest {
  return { ...request(method, script_target(script)), script };
}

/** The same request in HTTP/1.0. */
export function as_http_1_0(request: ParityRequest): ParityRequest {
  return { ...request, version: "HTTP/1.0" };
}

/** The request as it is sent. */
export function wire(request: ParityRequest): string {
  const { method, target, version, lines, body } = request;
  return [`${method} ${target} ${version}`, ...lines, "", body].join("\r\n");
}

/** Names and values of the header lines, without the white space around values. */
export function fields(
  request: ParityRequest,
): { name: string; value: string }[] {
  return request.lines.map((line) => {
    const colon = line.indexOf(":");
    return {
      name: line.slice(0, colon),
      value: line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, ""),
    };
  });
}

/** The name in environ of the header `name`. */
export function variable(name: string): string {
  return `HTTP_${name.replaceAll("-", "_").toUpperCase()}`;
}
