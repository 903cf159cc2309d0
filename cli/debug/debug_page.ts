/**
 * The error page of `--debug`: what went wrong, where, and in which request, for the person who writes the application.
 *
 * It tells more than a stranger may know, so a server that shows it must be out of reach of strangers: see
 * `is_loopback`. Beside that, what may be secret is masked (`secrets.ts`), and what the environ has of the variables of
 * the process is left out.
 */

import type { Variables } from "../../_internal/request/variables.ts";
import {
  hostname_of,
  type ServerAddress,
} from "../../_internal/server/address.ts";
import type { BaseHandler } from "../../_internal/handler/base_handler.ts";
import type {
  HeaderList,
  StartResponse,
  WSGIEnvironment,
  WSGIResult,
} from "../../types.ts";
import { attempt, get } from "./careful.ts";
import { html_page } from "./debug_html.ts";
import { make_report } from "./debug_report.ts";
import { text_page } from "./debug_text.ts";
import { contains, read_ip, read_range } from "../../middleware/ip_address.ts";

/** A class of handlers. TypeScript takes a class for a mixin by this signature only. */
// deno-lint-ignore no-explicit-any
export type HandlerClass = new (...args: any[]) => BaseHandler;

/**
 * The subclass of a handler class whose `error_output` gives a page that shows the error: as HTML, or as plain text to
 * a client that does not ask for HTML. Where the page cannot be made, that is logged, and the client gets the page of
 * `Base`.
 */
export function debug_handler<Class extends HandlerClass>(Base: Class): Class {
  return class extends Base {
    override error_output(
      environ: WSGIEnvironment,
      start_response: StartResponse,
    ): WSGIResult | Promise<WSGIResult> {
      let page;
      try {
        page = make_page(this.exc_info, environ, this.os_environ);
      } catch (failure) {
        attempt(() => this.log_exception(failure), undefined);
        return super.error_output(environ, start_response);
      }
      start_response(this.error_status, page.headers, this.exc_info);
      return [page.body];
    }
  };
}

const LOOPBACK = ["127.0.0.0/8", "::1"].map((text) => read_range(text)!);

/** Whether only this machine reaches a server that listens at `address`. A Unix socket is there for a web server, which others reach. */
export function is_loopback(address: ServerAddress): boolean {
  if (typeof address === "string") return false;
  const host = hostname_of(address[0]);
  if (host.toLowerCase() === "localhost") return true;
  const ip = read_ip(host);
  return ip !== null && LOOPBACK.some((range) => contains(range, ip));
}

interface Page {
  headers: HeaderList;
  body: Uint8Array;
}

function make_page(
  error: unknown,
  environ: WSGIEnvironment | null,
  os_environ: Variables,
): Page {
  const report = make_report(error, environ ?? {}, os_environ);
  // No script runs, nothing is fetched, and what is not escaped by mistake cannot even look different.
  const nonce = crypto.randomUUID();
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  const as_html = wants_html(get(environ, "HTTP_ACCEPT"));
  const text = as_html ? html_page(report, nonce).text : text_page(report);
  return {
    headers: [
      ["Content-Type", `text/${as_html ? "html" : "plain"}; charset=utf-8`],
      ["Cache-Control", "no-store"],
      ["Content-Security-Policy", policy],
      ["X-Content-Type-Options", "nosniff"],
    ],
    body: new TextEncoder().encode(text),
  };
}

/** Whether an Accept header names HTML, and no other text before it. */
function wants_html(accept: unknown): boolean {
  if (typeof accept !== "string") return false;
  const weights: Record<string, number> = {};
  for (const range of accept.toLowerCase().split(",")) {
    const [type, ...parameters] = range.split(";").map((part) => part.trim());
    const q = parameters.find((parameter) => parameter.startsWith("q="));
    weights[type!] = q ? Number(q.slice(2)) || 0 : 1;
  }
  const { "text/html": html = 0, "text/plain": plain = 0 } = weights;
  return html > 0 && html >= plain;
}
