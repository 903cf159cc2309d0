/** What each door can carry beside the conformance table: the answers to the questions. */

import type { CapabilityName } from "./questions.ts";

export type Answers = Record<CapabilityName, string>;

const MAKE_SERVER: Answers = {
  "`SERVER_PROTOCOL` of an HTTP/1.0 request": "HTTP/1.1",
  "`PATH_INFO` of `/a%2Fb`": "/a/b",
  "`REQUEST_URI` of `/a%2Fb`": "/a%2Fb",
  "`PATH_INFO` of `//a//b`": "/a//b",
  "`PATH_INFO` of `/a/./../b`": "/a/./../b",
  "a repeated header": "a, b",
  "`HTTP_HOST` of `GET http://a.example/` with `Host: b.example`": "a.example",
  "`HTTP_HOST` of an HTTP/1.1 request without `Host`": "none",
  "`HTTP_HOST` of an HTTP/1.0 request without `Host`": "none",
  "`REMOTE_PORT`": "the client's",
  "`REMOTE_USER` for an unchecked password": "none",
  "a body with a GET": "no: empty",
  "a chunked request body": "yes",
  "a compressed one: `gzip, chunked`": "501",
  "trailers after it": "none",
  "`Expect: 100-continue` is answered": "yes",
  "and with HTTP/1.0": "yes",
  "a CONNECT with a body": "400",
  "the request body is streamed": "yes",
  "a truncated request body": "`wsgi.input` failed",
  "a long body echoed as it arrives": "yes",
  "a custom reason phrase": "200 OK",
  "a block is sent while the application waits": "yes",
  "a disconnect closes the result": "at once",
  "a client that half-closes": "it is cut off",
  "a failure is visible without a `Content-Length`": "yes",
};

const NGINX_VARIABLES: Answers = {
  ...MAKE_SERVER,
  "and with HTTP/1.0": "no",
  "`SERVER_PROTOCOL` of an HTTP/1.0 request": "HTTP/1.0",
  "`PATH_INFO` of `//a//b`": "//a//b",
  "`PATH_INFO` of `/a/./../b`": "/b",
  "`HTTP_HOST` of an HTTP/1.1 request without `Host`": "400",
  "`HTTP_HOST` of an HTTP/1.0 request without `Host`": "example.org",
  "a body with a GET": "yes",
  "a long body echoed as it arrives": "no",
  "a custom reason phrase": "200 Quite All Right",
  "a failure is visible without a `Content-Length`": "no",
};

const APACHE_VARIABLES: Answers = {
  ...NGINX_VARIABLES,
  "`HTTP_HOST` of an HTTP/1.0 request without `Host`": "none",
  "a CONNECT with a body": "200",
  "`PATH_INFO` of `//a//b`": "/a//b",
  "a disconnect closes the result": "at the next write",
};

const LIGHTTPD: Answers = {
  ...NGINX_VARIABLES,
  "`HTTP_HOST` of `GET http://a.example/` with `Host: b.example`": "400",
  "`HTTP_HOST` of an HTTP/1.0 request without `Host`": "none",
  "a client that half-closes": "it gets the rest",
  "`PATH_INFO` of `//a//b`": "/a/b",
  "a disconnect closes the result": "at the next write",
  "a custom reason phrase": "200 OK",
  "the request body is streamed": "no",
  "a truncated request body": "the application is not called",
  "a body with a GET": "400",
  "trailers after it": "400",
  "a long body echoed as it arrives": "yes",
};

/** What comes of the questions at each door. */
export const answers = {
  make_server: MAKE_SERVER,
  "to_fetch under Deno.serve": {
    ...MAKE_SERVER,
  },
  "deno serve": {
    ...MAKE_SERVER,
  },
  "nginx via HTTP": {
    ...MAKE_SERVER,
    "`HTTP_HOST` of an HTTP/1.1 request without `Host`": "400",
    "`HTTP_HOST` of an HTTP/1.0 request without `Host`": "example.org",
    "`REMOTE_PORT`": "none",
    "and with HTTP/1.0": "no",
    "a long body echoed as it arrives": "no",
  },
  "nginx via SCGI": {
    ...NGINX_VARIABLES,
    "the request body is streamed": "no",
    "a truncated request body": "the application is not called",
  },
  "nginx via FastCGI": {
    ...NGINX_VARIABLES,
    "a failure is visible without a `Content-Length`": "yes",
  },
  "nginx via uwsgi": {
    ...NGINX_VARIABLES,
  },
  "nginx via CGI": {
    ...NGINX_VARIABLES,
    "the request body is streamed": "no",
    "a truncated request body": "the application is not called",
    "a repeated header": "b",
    "a client that half-closes": "it gets nothing more",
    "a disconnect closes the result": "at the next write",
  },
  "Apache via HTTP": {
    ...MAKE_SERVER,
    "`HTTP_HOST` of an HTTP/1.1 request without `Host`": "400",
    "`HTTP_HOST` of an HTTP/1.0 request without `Host`": "example.org",
    "a compressed one: `gzip, chunked`": "500",
    "`REMOTE_PORT`": "none",
    "and with HTTP/1.0": "no",
    "the request body is streamed": "no",
    "a truncated request body": "the application is not called",
    "a long body echoed as it arrives": "no",
    "a disconnect closes the result": "at the next write",
  },
  "Apache via SCGI": {
    ...APACHE_VARIABLES,
    "`PATH_INFO` of `//a//b`": "/a/b",
    "a chunked request body": "411",
    "trailers after it": "411",
  },
  "Apache via FastCGI": {
    ...APACHE_VARIABLES,
    "a long body echoed as it arrives": "yes",
    "a failure is visible without a `Content-Length`": "yes",
  },
  "Apache via uwsgi": {
    ...APACHE_VARIABLES,
    "a chunked request body": "411",
    "trailers after it": "411",
  },
  "Apache via CGI": {
    ...APACHE_VARIABLES,
    "`PATH_INFO` of `//a//b`": "/a/b",
  },
  "lighttpd via SCGI": {
    ...LIGHTTPD,
  },
  "lighttpd via FastCGI": {
    ...LIGHTTPD,
    "a failure is visible without a `Content-Length`": "yes",
  },
  "lighttpd via CGI": {
    ...LIGHTTPD,
  },
} as const satisfies Record<string, Answers>;

/** The name of a door. */
export type DoorName = keyof typeof answers;

/** Where `wsgi.errors` and the stacks of errors go, unless something else is said. */
export const errors_to: Record<DoorName, string> = {
  make_server: "stderr",
  "to_fetch under Deno.serve": "stderr",
  "deno serve": "stderr",
  "nginx via HTTP": "stderr",
  "nginx via SCGI": "stderr",
  "nginx via FastCGI": "nginx's error log",
  "nginx via uwsgi": "stderr",
  "nginx via CGI": "fcgiwrap's stderr",
  "Apache via HTTP": "stderr",
  "Apache via SCGI": "stderr",
  "Apache via FastCGI": "Apache's error log",
  "Apache via uwsgi": "stderr",
  "Apache via CGI": "Apache's error log",
  "lighttpd via SCGI": "stderr",
  "lighttpd via FastCGI": "lighttpd's error log",
  "lighttpd via CGI": "lighttpd's error log",
};
