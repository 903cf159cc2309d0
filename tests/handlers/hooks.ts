/** Overrides that do what their documentation allows, as mixins, and the applications to see that with. */

import type { BaseHandler } from "../../handlers.ts";
import type { WSGIApplication } from "../../types.ts";
import { bytes, stream_of, text } from "../support/support.ts";

/** A class of handlers. TypeScript takes a class for a mixin by this signature only. */
// deno-lint-ignore no-explicit-any
export type HandlerClass = new (...args: any[]) => BaseHandler;

/** Makes a subclass with some overrides. */
export type Mixin = <Class extends HandlerClass>(Base: Class) => Class;

// The applications

const file: WSGIApplication = (environ, start_response) => {
  start_response("200 OK", []);
  return environ["wsgi.file_wrapper"]!(stream_of("by ", "blocks"));
};

export const file_with_length: WSGIApplication = (environ, start_response) => {
  start_response("200 OK", [["Content-Length", "11"]]);
  return environ["wsgi.file_wrapper"]!(stream_of("by ", "blocks ok"));
};

const blocks: WSGIApplication = function* (_environ, start_response) {
  start_response("200 OK", []);
  yield bytes("by ");
  yield bytes("blocks");
};

const array: WSGIApplication = (_environ, start_response) => {
  start_response("200 OK", []);
  return [bytes("by "), bytes("blocks")];
};

const one_block: WSGIApplication = (_environ, start_response) => {
  start_response("200 OK", []);
  return [bytes("one block")];
};

const nothing: WSGIApplication = (_environ, start_response) => {
  start_response("200 OK", []);
  return [];
};

/** Writes without waiting. */
const written: WSGIApplication = (_environ, start_response) => {
  const write = start_response("200 OK", []);
  for (const block of ["a", "b", "c"]) write(bytes(block));
  return [bytes("d")];
};

// The hooks

/** An override, and what comes of a request to a handler that has it. */
export interface Hook {
  mixin: Mixin;
  app: WSGIApplication;
  body: string;
  method?: string;
}

const later = () => new Promise<void>((resolve) => setTimeout(resolve, 1));

export const HOOKS: Record<string, Hook> = {
  "sendfile() that writes": {
    mixin: (Base) =>
      class extends Base {
        override async sendfile() {
          await this.send_headers();
          await this._write(bytes("by sendfile"));
          return true;
        }
      },
    app: file,
    body: "by sendfile",
  },
  "sendfile() that waits for nothing": {
    mixin: (Base) =>
      class extends Base {
        override sendfile() {
          this.send_headers();
          this._write(bytes("by "));
          this._write(bytes("sendfile"));
          return true;
        }
      },
    app: file,
    body: "by sendfile",
  },
  "sendfile() that writes into the same buffer again": {
    mixin: (Base) =>
      class extends Base {
        override async sendfile() {
          const buffer = new Uint8Array(1);
          await this.send_headers();
          for (const byte of bytes("by sendfile")) {
            buffer[0] = byte;
            await this._write(buffer);
            await this._flush();
          }
          buffer[0] = 0;
          return true;
        }
      },
    app: file,
    body: "by sendfile",
  },
  "sendfile() that flushes the headers first": {
    mixin: (Base) =>
      class extends Base {
        override async sendfile() {
          await this.send_headers();
          await this._flush();
          await later();
          await this._write(bytes("by sendfile"));
          await this._flush();
          return true;
        }
      },
    app: file,
    body: "by sendfile",
  },
  "sendfile() by write()": {
    mixin: (Base) =>
      class extends Base {
        override async sendfile() {
          await this.write(bytes("by "));
          await this.write(bytes("sendfile"));
          return true;
        }
      },
    app: file,
    body: "by sendfile",
  },
  "sendfile() of a response that has a Content-Length": {
    mixin: (Base) =>
      class extends Base {
        override async sendfile() {
          await this.send_headers();
          await this._write(bytes("by sendfile"));
          return true;
        }
      },
    app: file_with_length,
    body: "by sendfile",
  },
  "sendfile() that counts what it sends": {
    mixin: (Base) =>
      class extends Base {
        override async sendfile() {
          await this.send_headers();
          for (const block of ["by ", "sendfile"]) {
            await this._write(bytes(block));
            this.bytes_sent += block.length;
          }
          return true;
        }
      },
    app: file_with_length,
    body: "by sendfile",
  },
  "sendfile() that leaves the rest": {
    mixin: (Base) =>
      class extends Base {
        override async sendfile() {
          await this.send_headers();
          await this._write(bytes("partly "));
          return false;
        }
      },
    app: file,
    body: "partly by blocks",
  },
  "sendfile() that sends nothing": {
    mixin: (Base) =>
      class extends Base {
        override sendfile() {
          this.headers!.set("X-Sendfile", "/path");
          return true;
        }
      },
    app: file,
    body: "",
  },
  "sendfile() for a HEAD": {
    mixin: (Base) =>
      class extends Base {
        override async sendfile() {
          await this.send_headers();
          await this._write(bytes("by sendfile"));
          return true;
        }
      },
    app: file,
    body: "",
    method: "HEAD",
  },
  "finish_response() that writes": {
    mixin: (Base) =>
      class extends Base {
        override async finish_response() {
          await this.send_headers();
          for await (const block of this.result!) await this._write(block);
          await this._write(bytes(", all"));
          await this.close();
        }
      },
    app: array,
    body: "by blocks, all",
  },
  "finish_response() by write()": {
    mixin: (Base) =>
      class extends Base {
        override async finish_response() {
          for await (const block of this.result!) await this.write(block);
          await this.close();
        }
      },
    app: blocks,
    body: "by blocks",
  },
  "finish_response() that sends the headers alone": {
    mixin: (Base) =>
      class extends Base {
        override async finish_response() {
          await this.send_headers();
          await this.close();
        }
      },
    app: array,
    body: "",
  },
  "finish_content() that ends the body in a way of its own": {
    mixin: (Base) =>
      class extends Base {
        override async finish_content() {
          await super.finish_content();
          await this._write(bytes(", and no more"));
        }
      },
    app: blocks,
    body: "by blocks, and no more",
  },
  "finish_content() that waits": {
    mixin: (Base) =>
      class extends Base {
        override async finish_content() {
          await later();
          await super.finish_content();
          await later();
          await this._write(bytes("!"));
          await this._flush();
        }
      },
    app: blocks,
    body: "by blocks!",
  },
  "write() that keeps all until finish_content()": {
    mixin: (Base) =>
      class extends Base {
        blocks: Uint8Array[] = [];
        override write(data: Uint8Array) {
          this.blocks.push(data);
        }
        override async finish_content() {
          for (const block of this.blocks) await super.write(block);
          await super.finish_content();
        }
      },
    app: reused,
    body: "abc",
  },
  "write() that changes the body": {
    mixin: (Base) =>
      class extends Base {
        override async write(data: Uint8Array) {
          await later();
          await super.write(bytes(text(data).toUpperCase()));
          await super.write(bytes("."));
        }
      },
    app: blocks,
    body: "BY .BLOCKS.",
  },
  "write() of one block that changes its length": {
    mixin: (Base) =>
      class extends Base {
        override write(data: Uint8Array) {
          return super.write(bytes(`${text(data)}${text(data)}`));
        }
      },
    app: one_block,
    body: "one blockone block",
  },
  "_write() that changes what goes out": {
    mixin: (Base) =>
      class extends Base {
        override _write(data: Uint8Array) {
          return super._write(bytes(text(data).replace("blocks", "BLOCKS")));
        }
      },
    app: blocks,
    body: "by BLOCKS",
  },
  "_write() that waits": {
    mixin: (Base) =>
      class extends Base {
        override async _write(data: Uint8Array) {
          await later();
          await super._write(data);
        }
      },
    app: blocks,
    body: "by blocks",
  },
  "_write() and _flush() that keep all for themselves": {
    mixin: (Base) =>
      class extends Base {
        all = "";
        override _write(data: Uint8Array) {
          this.all += text(data);
        }
        override async _flush() {
          const { all } = this;
          this.all = "";
          if (all) await super._write(bytes(all));
          await super._flush();
        }
      },
    app: blocks,
    body: "by blocks",
  },
  "_flush() that waits": {
    mixin: (Base) =>
      class extends Base {
        override async _flush() {
          await later();
          await super._flush();
        }
      },
    app: written,
    body: "abcd",
  },
  "send_headers() that waits": {
    mixin: (Base) =>
      class extends Base {
        override async send_headers() {
          await later();
          await super.send_headers();
        }
      },
    app: written,
    body: "abcd",
  },
  "send_preamble() that waits": {
    mixin: (Base) =>
      class extends Base {
        override async send_preamble() {
          await later();
          await super.send_preamble();
        }
      },
    app: written,
    body: "abcd",
  },
  "send_headers() of a response without a body": {
    mixin: (Base) =>
      class extends Base {
        override async send_headers() {
          await later();
          await super.send_headers();
        }
      },
    app: nothing,
    body: "",
  },
  "cleanup_headers() that takes the length away": {
    mixin: (Base) =>
      class extends Base {
        override cleanup_headers() {
          super.cleanup_headers();
          this.headers!.delete("Content-Length");
        }
      },
    app: one_block,
    body: "one block",
  },
  "set_content_length() for several blocks": {
    mixin: (Base) =>
      class extends Base {
        override set_content_length() {
          this.headers!.set("Content-Length", "9");
        }
      },
    app: blocks,
    body: "by blocks",
  },
  "error_output() that streams": {
    mixin: (Base) =>
      class extends Base {
        override async *error_output(
          _environ: unknown,
          start_response: Parameters<WSGIApplication>[1],
        ) {
          await later();
          start_response("500 Oops", [], this.exc_info);
          yield bytes("an ");
          yield bytes("error");
        }
        override log_exception() {}
      } as unknown as typeof Base,
    app: () => {
      throw new Error("mine");
    },
    body: "an error",
  },
  "error_output() by write()": {
    mixin: (Base) =>
      class extends Base {
        override async error_output(
          _environ: unknown,
          start_response: Parameters<WSGIApplication>[1],
        ) {
          const write = start_response("500 Oops", [], this.exc_info);
          write(bytes("an "));
          await write(bytes("error"));
          return [];
        }
        override log_exception() {}
      },
    app: () => {
      throw new Error("mine");
    },
    body: "an error",
  },
};

/** Yields the same buffer again and again. */
function* reused(
  ...[, start_response]: Parameters<WSGIApplication>
): Generator<Uint8Array> {
  start_response("200 OK", []);
  const buffer = new Uint8Array(1);
  for (const byte of bytes("abc")) {
    buffer[0] = byte;
    yield buffer;
  }
}
