/** The shortcut from a server to a fetch handler: it gets the platform's own request, and its response is sent as it is. */

import type {
  Answered,
  Exchange,
  SentResponse,
} from "../../_internal/request/direct.ts";
import { is_of_server } from "../../_internal/handler/response_head.ts";
import { FetchCall } from "./fetch_call.ts";
import { FetchResult, headers_of, status_of } from "./fetch_result.ts";
import type { FetchHandler } from "./handler.ts";
import { whole_size } from "./whole_body.ts";

/**
 * Has a handler answer a request; continues by WSGI if the server has to see the response.
 *
 * @param mount What the URL of the handler lacks.
 */
export function answer(
  handler: FetchHandler,
  exchange: Exchange,
  mount: string,
): Answered | Promise<Answered> {
  const call = new FetchCall(exchange.request_at(mount), exchange);
  try {
    const response = FetchCall.run(call, handler);
    return response instanceof Response
      ? hand_on(response, call, exchange, mount)
      : wait_for(response, call, exchange, mount);
  } catch (error) {
    FetchCall.end(call, "left");
    throw error;
  }
}

async function wait_for(
  promise: Promise<Response>,
  call: FetchCall,
  exchange: Exchange,
  mount: string,
): Promise<Answered> {
  let is_left = false;
  exchange.on_leave = () => {
    is_left = true;
    FetchCall.end(call, "left");
  };
  try {
    const response = await promise;
    if (!is_left) return hand_on(response, call, exchange, mount);
    await response.body?.cancel();
    return response;
  } catch (error) {
    FetchCall.end(call, "left");
    throw error;
  }
}

function hand_on(
  response: Response,
  call: FetchCall,
  exchange: Exchange,
  mount: string,
): Answered {
  if (!is_handed_on(response, call, exchange)) {
    return (_environ, start_response) =>
      new FetchResult(call, () => response, start_response, mount);
  }
  FetchCall.end(call, "handed on");
  return response;
}

/** Whether the server sends a response as it is. If it has to know which, that is noted. */
function is_handed_on(
  response: Response,
  call: FetchCall,
  exchange: Exchange,
): boolean {
  if (exchange.own === null) return false;
  // An upgraded connection has no body, and needs this very response.
  if (response.status === 101) return true;
  if (FetchCall.is_watched(call) || !is_sendable(response)) return false;
  if (!exchange.is_counted) return true;
  exchange.sent = sent_as(response);
  return exchange.sent !== null;
}

/** What a server is told of a response that it sends as it is; null if it has to see the body for that. */
function sent_as(response: Response): SentResponse | null {
  const size = whole_size(response);
  if (size === null) return null;
  const headers = headers_of(response);
  const declared = response.headers.get("content-length");
  if (declared === null) headers.push(["content-length", `${size}`]);
  else if (declared !== `${size}`) return null; // WSGI knows what to do.
  return { status: status_of(response), headers, size };
}

/** Whether a response is not a network error, and has no header that only the server may set. */
function is_sendable({ headers, status }: Response): boolean {
  let sendable = status !== 0;
  headers.forEach((_value, name) => {
    if (is_of_server(name)) sendable = false;
  });
  return sendable;
}
