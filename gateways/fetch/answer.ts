/** A fetch handler that is given the platform's own request, and whose response goes out as it is. */

import type { Answered, Exchange } from "../../_internal/request/direct.ts";
import { is_of_server } from "../../_internal/handler/response_head.ts";
import { FetchCall } from "./fetch_call.ts";
import { FetchResult } from "./fetch_result.ts";
import type { FetchHandler } from "./handler.ts";

/** Has a handler answer a request; goes on by WSGI where somebody has to see the response, or the handler failed. */
export function answer(
  handler: FetchHandler,
  exchange: Exchange,
): Answered | Promise<Answered> {
  const call = new FetchCall(exchange.request, exchange);
  try {
    const response = FetchCall.run(call, handler);
    return response instanceof Response
      ? hand_on(response, call, exchange)
      : response.then(
        (response) => hand_on(response, call, exchange),
        (error) => failed(error, call),
      );
  } catch (error) {
    return failed(error, call);
  }
}

function hand_on(
  response: Response,
  call: FetchCall,
  { is_counted }: Exchange,
): Answered {
  // What was upgraded has no body, and no other response will do.
  const is_upgrade = response.status === 101;
  const is_seen = is_counted || FetchCall.is_watched(call) ||
    !is_sendable(response);
  if (!is_upgrade && is_seen) {
    return (_environ, start_response) =>
      new FetchResult(call, () => response, start_response, "");
  }
  FetchCall.end(call, "handed on");
  return response;
}

function failed(error: unknown, call: FetchCall): Answered {
  FetchCall.end(call, "left");
  return () => {
    throw error;
  };
}

/** Whether a response says nothing that is the server's to say, and is one at all. */
function is_sendable({ headers, status }: Response): boolean {
  let sendable = status !== 0;
  headers.forEach((_value, name) => {
    if (is_of_server(name)) sendable = false;
  });
  return sendable;
}
