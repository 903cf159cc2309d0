/** The parts of a request, each alone: `deno bench -A bench/micro_bench.ts`. */

import type { Variables } from "../_internal/request/variables.ts";
import { empty_body } from "../_internal/streams/body.ts";
import { decode_latin1, encode_latin1 } from "../_internal/text/bytes.ts";
import {
  encode_name_values,
  encode_record,
  encode_stream,
  parse_name_values,
  parse_records,
  RECORD_TYPE,
} from "../gateways/fastcgi/codec.ts";
import { parse_scgi_head } from "../gateways/scgi/codec.ts";
import { parse_uwsgi_head } from "../gateways/uwsgi/codec.ts";
import { Headers } from "../headers.ts";
import {
  make_server,
  ServerHandler,
  WSGIRequestHandler,
} from "../simple_server.ts";
import type { ErrorStream, HeaderList } from "../types.ts";
import { small } from "./contenders/application.ts";

class Quiet extends WSGIRequestHandler {
  override log_message(): void {}
}

/** With Host, the nine headers of load.lua. */
const headers = {
  "host": "127.0.0.1:8000",
  "connection": "keep-alive",
  "user-agent":
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "accept-language": "en-GB,en;q=0.7,de;q=0.3",
  "accept-encoding": "gzip, deflate, br, zstd",
  "referer": "http://127.0.0.1/start?from=bench",
  "cookie": "session=6c8349cc7260ae62e3b1396831a8398f; theme=dark",
  "upgrade-insecure-requests": "1",
};

const request = new Request("http://127.0.0.1:8000/shop/coffee?page=2", {
  headers,
});
const server = make_server("127.0.0.1", 0, small);
const handler = new Quiet(request, ["127.0.0.1", 50000], server);
const errors: ErrorStream = { write() {}, writelines() {}, flush() {} };
const body = empty_body();

Deno.bench("a fresh object of every header", { group: "request" }, () => {
  const fresh: Record<string, string> = {};
  request.headers.forEach((value, name) => fresh[name] = value);
});

Deno.bench("get_environ()", { group: "request" }, () => {
  handler.get_environ();
});

Deno.bench("handle(), 13 bytes", { group: "request" }, () => {
  handler.handle();
});

Deno.bench("new ServerHandler()", { group: "start_response" }, () => {
  new ServerHandler(body, errors, {}, false);
});

Deno.bench("and start_response()", { group: "start_response" }, () => {
  new ServerHandler(body, errors, {}, false)
    .start_response("200 OK", [["Content-Type", "text/plain"]]);
});

const list: HeaderList = [
  ["Content-Type", "text/html; charset=utf-8"],
  ["Cache-Control", "max-age=60"],
  ["ETag", '"6c8349cc"'],
  ["Set-Cookie", "theme=dark"],
];
const kept = new Headers(list);

Deno.bench("new Headers()", { group: "Headers" }, () => {
  new Headers(list);
});

Deno.bench("Headers.get()", { group: "Headers" }, () => {
  kept.get("Content-Length");
});

Deno.bench("Headers.set()", { group: "Headers" }, () => {
  kept.set("ETag", '"6c8349cc"');
});

Deno.bench("Headers.to_bytes()", { group: "Headers" }, () => {
  kept.to_bytes();
});

/** What nginx sends of such a request. */
const variables: Variables = {
  CONTENT_LENGTH: "0",
  SCGI: "1",
  QUERY_STRING: "page=2",
  REQUEST_METHOD: "GET",
  CONTENT_TYPE: "",
  REQUEST_URI: "/shop/coffee?page=2",
  DOCUMENT_URI: "/shop/coffee",
  DOCUMENT_ROOT: "/usr/share/nginx/html",
  SERVER_PROTOCOL: "HTTP/1.1",
  REQUEST_SCHEME: "http",
  REMOTE_ADDR: "127.0.0.1",
  REMOTE_PORT: "50000",
  SERVER_PORT: "8000",
  SERVER_NAME: "localhost",
};
for (const [name, value] of Object.entries(headers)) {
  variables[`HTTP_${name.replaceAll("-", "_").toUpperCase()}`] = value;
}

/** The number as two bytes, the low one first. */
function uint16(number: number): string {
  return String.fromCharCode(number & 255, number >> 8);
}

const pairs = Object.entries(variables);
const netstring = pairs.map(([name, value]) => `${name}\0${value}\0`).join("");
const scgi_head = encode_latin1(`${netstring.length}:${netstring},`);
const uwsgi_pairs = pairs.map(([name, value]) =>
  uint16(name.length) + name + uint16(value.length) + value
).join("");
const uwsgi_head = encode_latin1(
  `\0${uint16(uwsgi_pairs.length)}\0${uwsgi_pairs}`,
);
const params = encode_record(
  RECORD_TYPE.PARAMS,
  1,
  encode_name_values(variables),
);
const block = new Uint8Array(65536);
const LIMIT = 65536;
const ascii = scgi_head;
const not_ascii = ascii.with(0, 0xe9);

Deno.bench("decode_latin1(), ASCII", { group: "codecs" }, () => {
  decode_latin1(ascii);
});

Deno.bench("decode_latin1(), one byte beyond", { group: "codecs" }, () => {
  decode_latin1(not_ascii);
});

Deno.bench("parse_scgi_head()", { group: "codecs" }, () => {
  parse_scgi_head(scgi_head, LIMIT);
});

Deno.bench("parse_uwsgi_head()", { group: "codecs" }, () => {
  parse_uwsgi_head(uwsgi_head, LIMIT);
});

Deno.bench("parse_records() and parse_name_values()", {
  group: "codecs",
}, () => {
  parse_name_values(decode_latin1(parse_records(params)!.value[0]!.content));
});

Deno.bench("encode_stream(), 13 bytes", { group: "codecs" }, () => {
  encode_stream(RECORD_TYPE.STDOUT, 1, block.subarray(0, 13));
});

Deno.bench("encode_stream(), 64 KiB", { group: "codecs" }, () => {
  encode_stream(RECORD_TYPE.STDOUT, 1, block);
});
