/**
 * The error page of `--debug`: what went wrong, where, and in which request, for the developer of the application.
 *
 * It reveals more than strangers may know, so a server that shows it must not be reachable for them: see `is_loopback`.
 * In addition, likely secrets are masked (`secrets.ts`), and variables of the process are left out of the environ.
 */

import {
  is_loopback_address,
  is_loopback_host,
  wants_html,
} from "../../_internal/request/client.ts";
import type { Variables } from "../../_internal/request/variables.ts";
import {
  hostname_of,
  type ServerAddress,
} from "../../_internal/server/address.ts";
import type { BaseHandler } from "../../_internal/handler/base_handler.ts";
import type { MaybePromise } from "../../_internal/promise.ts";
import type {
  ErrorStream,
  HeaderList,
  StartResponse,
  WSGIEnvironment,
  WSGIResult,
} from "../../types.ts";
import { attempt, get } from "./careful.ts";
import { type Field, FormBody } from "./form_body.ts";
import { html_page } from "./debug_html.ts";
import { make_report } from "./debug_report.ts";
import { text_page } from "./debug_text.ts";

/** A class of handlers. TypeScript takes a class for a mixin by this signature only. */
// deno-lint-ignore no-explicit-any
export type HandlerClass = new (...args: any[]) => BaseHandler;

/**
 * A subclass of a handler class whose `error_output` returns a page that shows the error: as HTML, or as plain text for
 * a client that does not ask for HTML. If the page cannot be made, that is logged, and the client gets the page of
 * `Base`.
 */
export function debug_handler<Class extends HandlerClass>(Base: Class): Class {
  return class extends Base {
    /** The form in the body of the request; null if there is none. */
    #form: FormBody | null = null;

    override setup_environ(): MaybePromise {
      const set_up = super.setup_environ();
      if (set_up) return set_up.then(() => this.#note_form());
      this.#note_form();
    }

    #note_form(): void {
      this.#form = FormBody.take(this.environ!);
    }

    override error_output(
      environ: WSGIEnvironment,
      start_response: StartResponse,
    ): WSGIResult | Promise<WSGIResult> {
      if (!this.#form) return this.#show([], environ, start_response);
      return this.#form.fields()
        .then((fields) => this.#show(fields, environ, start_response));
    }

    /** Returns the page. */
    #show(
      fields: Field[],
      environ: WSGIEnvironment,
      start_response: StartResponse,
    ): WSGIResult | Promise<WSGIResult> {
      let page;
      try {
        page = make_page(this.exc_info, environ, this.os_environ, fields);
      } catch (failure) {
        attempt(() => this.log_exception(failure), undefined);
        return super.error_output(environ, start_response);
      }
      start_response(this.error_status, page.headers, this.exc_info);
      return [page.body];
    }
  };
}

/**
 * The same for a server that only this machine reaches: the page is shown only if the host of the request is this
 * machine. Otherwise any web page in a browser on this machine could read it: the owner of a domain can make it resolve
 * to 127.0.0.1 after the page has loaded (DNS rebinding). The request still names that domain, and nobody can own the
 * names of this machine.
 */
export function local_debug_handler<Class extends HandlerClass>(
  Base: Class,
): Class {
  return class extends debug_handler(Base) {
    /** The host in the request itself, before headers of proxies are applied. */
    #host: string | null = null;

    override setup_environ(): MaybePromise {
      const set_up = super.setup_environ();
      if (set_up) return set_up.then(() => this.#note_host());
      this.#note_host();
    }

    #note_host(): void {
      this.#host = host_of(this.environ!);
    }

    override error_output(
      environ: WSGIEnvironment,
      start_response: StartResponse,
    ): WSGIResult | Promise<WSGIResult> {
      const hosts = [this.#host, host_of(environ)];
      const other = hosts.find((host) => !is_loopback_host(host ?? ""));
      if (other === undefined) {
        return super.error_output(environ, start_response);
      }
      attempt(() => tell_of(other, environ["wsgi.errors"]), undefined);
      return Base.prototype.error_output.call(this, environ, start_response);
    }
  };
}

function tell_of(host: string | null, errors: ErrorStream): void {
  errors.write(
    `--debug shows errors to hosts of this machine only, and the request was for ${
      host === null ? "no host" : JSON.stringify(host)
    }: use --debug-anywhere to show errors to everyone\n`,
  );
}

/** The host of a request, and its port; without a `Host` header, the server's name. */
function host_of(environ: WSGIEnvironment): string | null {
  const host = get(environ, "HTTP_HOST") ?? get(environ, "SERVER_NAME");
  return typeof host === "string" ? host : null;
}

/** Whether only this machine can reach a server at `address`. Others can reach a Unix socket through a web server. */
export function is_loopback(address: ServerAddress): boolean {
  if (typeof address === "string") return false;
  const host = hostname_of(address[0]);
  return host.toLowerCase() === "localhost" || is_loopback_address(host);
}

interface Page {
  headers: HeaderList;
  body: Uint8Array;
}

function make_page(
  error: unknown,
  environ: WSGIEnvironment | null,
  os_environ: Variables,
  fields: Field[],
): Page {
  const report = make_report(error, environ ?? {}, os_environ, fields);
  // Only the page's own script and style apply, and nothing is fetched, even if something was not escaped by mistake.
  const nonce = crypto.randomUUID();
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; ` +
    `script-src 'nonce-${nonce}'; ` +
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
