/** One table: what each middleware makes of a request, and every door that it stands behind. */

import { assertEquals } from "@std/assert";
import { to_fetch } from "../../gateways/fetch.ts";
import {
  limit_body,
  limit_concurrency,
  limit_request,
  limit_time,
  mount_at,
  trust_forwarded,
} from "../../middleware/mod.ts";
import type { WSGIApplication } from "../../types.ts";
import { request_uri } from "../../util.ts";
import { validator } from "../../validate.ts";
import { ask, open_gateway, protocols } from "../gateways/gateway_clients.ts";
import { bytes, Log, run_app, serve, until } from "../support/support.ts";

// Doors

/** A request: a GET without headers and body, where nothing else is said. */
interface Asked {
  target: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Sends a request from 127.0.0.1, and gives what came back: the code, a blank, and the body. */
type Send = (request: Asked) => Promise<string>;

/** A server of an application. */
interface Door extends AsyncDisposable {
  send: Send;
}

function method_of({ body }: Asked): string {
  return body === undefined ? "GET" : "POST";
}

/** A request for a door that takes a `Request`. */
function fetch_request(request: Asked, origin: string): Request {
  const { target, headers, body } = request;
  const method = method_of(request);
  return new Request(`${origin}${target}`, { method, headers, body });
}

/** A request for a door that takes variables. */
function variables_of(request: Asked): Record<string, string> {
  const { target, headers = {}, body = "" } = request;
  const [path, query = ""] = target.split("?");
  const variables: Record<string, string> = {
    REQUEST_METHOD: method_of(request),
    REQUEST_URI: target,
    SCRIPT_NAME: "",
    PATH_INFO: path!,
    QUERY_STRING: query,
    SERVER_NAME: "localhost",
    SERVER_PORT: "80",
    SERVER_PROTOCOL: "HTTP/1.1",
    REMOTE_ADDR: "127.0.0.1",
    CONTENT_LENGTH: String(body.length),
  };
  for (const [name, value] of Object.entries(headers)) {
    variables[`HTTP_${name.toUpperCase().replaceAll("-", "_")}`] = value;
  }
  return variables;
}

async function answer_of(response: Response): Promise<string> {
  return `${response.status} ${await response.text()}`;
}

/** The code and the body of `200 OK`, headers, an empty line and a body. */
function answer_in(text: string): string {
  const [, code, body] = text.match(/^(\d+).*?\r\n\r\n(.*)$/s)!;
  return `${code} ${body}`;
}

type OpenDoor = (app: WSGIApplication) => Promise<Door>;

const doors: Record<string, OpenDoor> = {
  async make_server(app) {
    const server = serve(app);
    const send: Send = async (request) =>
      answer_of(await fetch(fetch_request(request, server.url)));
    return { send, [Symbol.asyncDispose]: () => server.server.server_close() };
  },

  async to_fetch(app) {
    const handler = to_fetch(app, { stderr: new Log() });
    const remoteAddr: Deno.NetAddr = {
      transport: "tcp",
      hostname: "127.0.0.1",
      port: 50000,
    };
    const send: Send = async (request) =>
      answer_of(
        await handler(fetch_request(request, "http://localhost"), {
          remoteAddr,
        }),
      );
    return { send, async [Symbol.asyncDispose]() {} };
  },

  async CGI(app) {
    const send: Send = async (request) => {
      const environ = variables_of(request);
      const { output } = await run_app(app, { environ, body: request.body });
      return answer_in(output.slice("Status: ".length));
    };
    return { send, async [Symbol.asyncDispose]() {} };
  },
};

for (const protocol of protocols) {
  doors[protocol.name] = async (app) => {
    const gateway = await open_gateway(protocol, app);
    const send: Send = async (request) => {
      const { server } = gateway;
      const variables = variables_of(request);
      return answer_in(
        (await ask(protocol, server, variables, request.body)).text,
      );
    };
    return { send, [Symbol.asyncDispose]: () => gateway.server.server_close() };
  };
}

// Rows

/** What an application knows of a request. */
const show: WSGIApplication = async (environ, start_response) => {
  const body = await new Response(environ["wsgi.input"] as BodyInit).text();
  start_response("200 OK", [["Content-Type", "text/plain"]]);
  const { SCRIPT_NAME, PATH_INFO, REMOTE_ADDR } = environ;
  return [bytes(`${SCRIPT_NAME}|${PATH_INFO} ${REMOTE_ADDR} ${body}`)];
};

/** Waits at `/wait` until it is told to go on. */
class Waiting {
  begun = 0;
  #goes_on = Promise.withResolvers<void>();

  readonly app: WSGIApplication = async (environ, start_response) => {
    if (environ.PATH_INFO === "/wait") {
      this.begun++;
      await this.#goes_on.promise;
    }
    return show(environ, start_response);
  };

  go_on(): void {
    this.#goes_on.resolve();
  }
}

interface Row {
  /** The middleware, around an application that a door can be opened with. */
  app: WSGIApplication;
  /** Sends requests, and gives what came back. */
  run(send: Send): Promise<string[]>;
  answers: string[];
}

function in_turn(...requests: Asked[]): (send: Send) => Promise<string[]> {
  return async (send) => {
    const answers: string[] = [];
    for (const request of requests) answers.push(await send(request));
    return answers;
  };
}

/** Made anew for each door. */
const rows: Record<string, () => Row> = {
  limit_body: () => ({
    app: limit_body(validator(show), { max_size: 5 }),
    run: in_turn(
      { target: "/", body: "hello" },
      { target: "/", body: "hello!" },
      { target: "/" },
    ),
    answers: [
      "200 |/ 127.0.0.1 hello",
      "413 Content Too Large",
      "200 |/ 127.0.0.1 ",
    ],
  }),

  limit_request: () => ({
    app: limit_request(validator(show), {
      line: 100,
      fields: 20,
      field_size: 300,
    }),
    run: in_turn(
      { target: "/" },
      { target: `/${"x".repeat(100)}` },
      { target: "/", headers: { "X-Long": "x".repeat(300) } },
      {
        target: "/",
        headers: Object.fromEntries(
          Array.from({ length: 21 }, (_, i) => [`X-${i}`, ""]),
        ),
      },
    ),
    answers: [
      "200 |/ 127.0.0.1 ",
      "414 URI Too Long",
      "431 Request Header Fields Too Large",
      "431 Request Header Fields Too Large",
    ],
  }),

  limit_time: () => {
    const waiting = new Waiting();
    const messages: string[] = [];
    return {
      app: limit_time(validator(waiting.app), {
        timeout: 0.05,
        log: (message) => void messages.push(message),
      }),
      async run(send) {
        const answer = await send({ target: "/wait" });
        waiting.go_on();
        return [answer, ...messages];
      },
      answers: [
        "503 Service Unavailable",
        '"GET /wait HTTP/1.1" was not answered within 0.05 s: 503',
      ],
    };
  },

  limit_concurrency: () => {
    const waiting = new Waiting();
    return {
      app: limit_concurrency(validator(waiting.app), { max_concurrent: 2 }),
      async run(send) {
        const under_way = [1, 2].map(() => send({ target: "/wait" }));
        await until(() => waiting.begun === 2);
        const refused = await send({ target: "/" });
        waiting.go_on();
        const answered = await Promise.all(under_way);
        return [refused, ...answered, await send({ target: "/" })];
      },
      answers: [
        "503 Service Unavailable",
        "200 |/wait 127.0.0.1 ",
        "200 |/wait 127.0.0.1 ",
        "200 |/ 127.0.0.1 ",
      ],
    };
  },

  trust_forwarded: () => ({
    app: trust_forwarded(
      validator((environ, start_response) => {
        start_response("200 OK", [["Content-Type", "text/plain"]]);
        return [bytes(`${environ.REMOTE_ADDR} ${request_uri(environ)}`)];
      }),
      { trusted: ["127.0.0.1", "10.0.0.0/8"] },
    ),
    run: in_turn({
      target: "/a?b=c",
      headers: {
        "X-Forwarded-For": "198.51.100.1, 203.0.113.9, 10.0.0.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "example.com",
      },
    }),
    answers: ["200 203.0.113.9 https://example.com/a?b=c"],
  }),

  mount_at: () => ({
    app: mount_at(validator(show), { script_name: "/shop" }),
    run: in_turn({ target: "/shop/coffee" }, { target: "/coffee" }),
    answers: [
      "200 /shop|/coffee 127.0.0.1 ",
      "200 /shop|/coffee 127.0.0.1 ",
    ],
  }),

  "all of them": () => {
    let app = limit_time(validator(show), { timeout: 60 });
    app = limit_body(app, { max_size: 5 });
    app = limit_concurrency(app, { max_concurrent: 1 });
    app = mount_at(app, { script_name: "/shop" });
    app = trust_forwarded(app, { trusted: "127.0.0.1" });
    app = limit_request(app);
    const headers = { "X-Forwarded-For": "203.0.113.9" };
    return {
      app,
      run: in_turn(
        { target: "/shop/coffee", headers, body: "hello" },
        { target: "/shop/coffee", headers, body: "hello!" },
        { target: "/shop/coffee", headers },
      ),
      answers: [
        "200 /shop|/coffee 203.0.113.9 hello",
        "413 Content Too Large",
        "200 /shop|/coffee 203.0.113.9 ",
      ],
    };
  },
};

for (const [what, make_row] of Object.entries(rows)) {
  for (const [name, open_door] of Object.entries(doors)) {
    Deno.test(`${what} works behind ${name}`, async () => {
      for (const is_validated of [false, true]) {
        const { app, run, answers } = make_row();
        await using door = await open_door(
          is_validated ? validator(app) : app,
        );
        assertEquals(await run(door.send), answers);
      }
    });
  }
}
