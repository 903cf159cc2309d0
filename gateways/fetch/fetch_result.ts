/** The response of a fetch handler, as the result of an application. */

import { STATUS_TEXT } from "@std/http/status";
import { GIVES_AWAY } from "../../_internal/handler/application_result.ts";
import { is_of_server } from "../../_internal/handler/response_head.ts";
import type { HeaderList, StartResponse } from "../../types.ts";
import { FetchCall } from "./fetch_call.ts";
import { mount_locations } from "./location.ts";
import { ResponseBody } from "./response_body.ts";

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** The response of a handler, block by block. */
export class FetchResult
  implements AsyncIterableIterator<Uint8Array, undefined> {
  #call: FetchCall;
  /** Gives the response; null when it has. */
  #respond: (() => Response | Promise<Response>) | null;
  /** The path that the handler does not see. */
  #mount: string;
  #start_response: StartResponse;
  #body: ResponseBody | null = null;
  /** The number of bytes that remain of the response's Content-Length. */
  #left = Infinity;
  #whole = false;
  #closed = false;

  /**
   * @param call The call of the handler.
   * @param respond Gives what it answers, when the first block is asked for.
   * @param mount The path that is put before where the response points to.
   */
  constructor(
    call: FetchCall,
    respond: () => Response | Promise<Response>,
    start_response: StartResponse,
    mount: string,
  ) {
    this.#call = call;
    this.#respond = respond;
    this.#mount = mount;
    this.#start_response = start_response;
  }

  /** The blocks of a stream belong to its reader. */
  get [GIVES_AWAY](): boolean {
    return true;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#respond) await this.#begin(this.#respond);
    if (!this.#body || this.#whole || this.#closed) return DONE;
    const step = await this.#body.read();
    if (step.done) return this.#end();
    this.#take(step.value.length);
    return step;
  }

  /** Called by middleware that leaves a loop over the result. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    await this.close();
    return DONE;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#whole) FetchCall.end(this.#call, "complete");
    else FetchCall.end(this.#call, "left");
    await this.#body?.cancel();
  }

  async #begin(respond: () => Response | Promise<Response>): Promise<void> {
    this.#respond = null;
    const response = await respond();
    if (this.#closed) return await response.body?.cancel();
    const { body } = response;
    const headers = this.#headers_of(response);
    let length = response.headers.get("content-length");
    if (body) {
      this.#body = new ResponseBody(body);
      const size = length === null ? await this.#body.take_ready() : null;
      if (size !== null) headers.push(["content-length", length = `${size}`]);
    }
    if (this.#closed) return;
    if (length !== null) this.#left = Number(length);
    this.#start_response(status_of(response), headers);
    if (!body || FetchCall.request_of(this.#call).method === "HEAD") {
      this.#whole = true;
    }
  }

  #headers_of(response: Response): HeaderList {
    const headers = headers_of(response);
    return this.#mount === "" ? headers : mount_locations(
      headers,
      this.#mount,
      FetchCall.request_of(this.#call).url,
    );
  }

  #take(length: number): void {
    this.#left -= length;
    if (this.#left <= 0) this.#whole = true;
  }

  #end(): IteratorReturnResult<undefined> {
    this.#whole = true;
    return DONE;
  }
}

function status_of({ status, statusText }: Response): string {
  const texts: Record<number, string> = STATUS_TEXT;
  return `${status} ${statusText || (texts[status] ?? "")}`;
}

function headers_of({ headers }: Response): HeaderList {
  const list: HeaderList = [];
  headers.forEach((value, name) => {
    if (!is_of_server(name)) list.push([name, value]);
  });
  return list;
}
