/** The response of a fetch handler as the result of an application. */

import { STATUS_TEXT } from "@std/http/status";
import { GIVES_AWAY } from "../../_internal/handler/application_result.ts";
import { is_of_server } from "../../_internal/handler/response_head.ts";
import { is_promise, type MaybePromise } from "../../_internal/promise.ts";
import type { HeaderList, StartResponse } from "../../types.ts";
import { FetchCall } from "./fetch_call.ts";
import { mount_locations } from "./location.ts";
import { type ResponseBody, StreamedBody, WholeBody } from "./response_body.ts";
import { is_whole } from "./whole_body.ts";

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** The blocks of a handler's response. The handler is called when the first one is requested. */
export class FetchResult
  implements AsyncIterableIterator<Uint8Array, undefined> {
  #call: FetchCall;
  /** Returns the response; null once it has been called. */
  #respond: (() => Response | Promise<Response>) | null;
  /** The beginning of the path that the handler does not see. */
  #mount: string;
  #start_response: StartResponse;
  #body: ResponseBody | null = null;
  /** The number of bytes that remain of the response's Content-Length. */
  #left = Infinity;
  /** Whether the server has all of the body. */
  #is_whole = false;
  #closed = false;

  /**
   * @param call The call of the handler.
   * @param respond Returns the handler's response.
   * @param mount The path that is added to URLs in headers of the response.
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

  /** True, because the blocks of a stream belong to its reader. */
  get [GIVES_AWAY](): boolean {
    return true;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    try {
      if (this.#respond) await this.#begin(this.#respond);
      if (!this.#body || this.#is_whole || this.#closed) return DONE;
      const step = await this.#body.read();
      if (step.done) FetchCall.check(this.#call);
      else this.#left -= step.value.length;
      if (step.done || this.#left <= 0) this.#complete();
      return step.done ? DONE : step;
    } catch (error) {
      throw FetchCall.failure_of(this.#call, error);
    }
  }

  /** Called when middleware leaves a loop over the result. */
  return(): Promise<IteratorReturnResult<undefined>> {
    return Promise.resolve(this.close()).then(() => DONE);
  }

  close(): MaybePromise {
    if (this.#closed) return;
    this.#closed = true;
    FetchCall.end(this.#call, "left"); // Unless it is complete.
    return this.#body?.cancel();
  }

  async #begin(respond: () => Response | Promise<Response>): Promise<void> {
    this.#respond = null;
    const responding = respond();
    const response = is_promise(responding) ? await responding : responding;
    if (this.#closed) return await response.body?.cancel();
    const headers = this.#headers_of(response);
    let length = response.headers.get("content-length");
    const size = await this.#open(response, length === null);
    if (this.#closed) return;
    if (size !== null) headers.push(["content-length", length = `${size}`]);
    if (length !== null) this.#left = Number(length);
    this.#start_response(status_of(response), headers);
    if (!this.#body || FetchCall.request_of(this.#call).method === "HEAD") {
      this.#complete();
    }
  }

  /** Opens the body. Returns the number of its bytes, if that is wanted and known. */
  async #open(
    response: Response,
    is_size_wanted: boolean,
  ): Promise<number | null> {
    if (is_whole(response)) {
      const data = await response.bytes();
      this.#body = new WholeBody(data);
      return is_size_wanted ? data.length : null;
    }
    if (!response.body) return null;
    const body = this.#body = new StreamedBody(response.body);
    const size = is_size_wanted ? await body.take_ready() : null;
    if (size === null && !body.has_block) this.#watch(body);
    return size;
  }

  /** Cancels a body that waits for its first block when the client disconnects: the server has not begun to send. */
  #watch(body: ResponseBody): void {
    FetchCall.watch(this.#call, () => {
      // What the stream fails with now does not matter.
      Promise.resolve(body.cancel()).catch(() => {});
    });
  }

  #complete(): void {
    this.#is_whole = true;
    FetchCall.end(this.#call, "complete");
  }

  #headers_of(response: Response): HeaderList {
    const headers = headers_of(response);
    return this.#mount === "" ? headers : mount_locations(
      headers,
      this.#mount,
      FetchCall.request_of(this.#call).url,
    );
  }
}

export function status_of({ status, statusText }: Response): string {
  const texts: Record<number, string> = STATUS_TEXT;
  return `${status} ${statusText || (texts[status] ?? "")}`;
}

export function headers_of({ headers }: Response): HeaderList {
  const list: HeaderList = [];
  headers.forEach((value, name) => {
    if (!is_of_server(name)) list.push([name, value]);
  });
  return list;
}
