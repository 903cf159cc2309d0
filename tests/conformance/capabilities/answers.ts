/** What each door can carry beside the conformance table: the answers to the questions. */

import type { CapabilityName } from "./questions.ts";

export type Answers = Record<CapabilityName, string>;

const MAKE_SERVER: Answers = {
  "`SERVER_PROTOCOL` of an HTTP/1.0 request": "HTTP/1.1",
  "`PATH_INFO` of `/a%2Fb`": "/a/b",
  "`REQUEST_URI` of `/a%2Fb`": "/a%2Fb",
  "`PATH_INFO` of `//a//b`": "/a//b",
  "`PATH_INFO` of `/a/./../b`": "/a/./../b",
  "a header that is repeated": "a, b",
  "`HTTP_HOST` of `GET http://a.example/` with `Host: b.example`": "a.example",
  "`HTTP_HOST` of an HTTP/1.1 request without `Host`": "none",
  "`HTTP_HOST` of an HTTP/1.0 request without `Host`": "none",
  "`REMOTE_PORT`": "the client's",
  "`REMOTE_USER` of a password that nobody checked": "none",
  "a body with a GET": "no: it is empty",
  "a chunked request body": "yes",
  "one that is compressed too: `gzip, chunked`": "501",
  "trailers behind it": "none",
  "`Expect: 100-continue` is answered": "yes",
  "that of an HTTP/1.0 request, too": "yes",
  "a CONNECT with a body": "400",
  "the request body comes in as it is sent": "yes",
  "a request body that is cut short": "`wsgi.input` failed",
  "a long body as the answer to it": "yes",
  "a reason phrase of one's own": "200 OK",
  "a block goes out while the application waits": "yes",
  "a client's leaving closes the result": "at once",
  "a client that ends only its own side": "it is cut off",
  "a failure shows without a `Content-Length`": "yes",
};

const NGINX_VARIABLES: Answers = {
  ...MAKE_SERVER,
  "that of an HTTP/1.0 request, too": "no",
  "`SERVER_PROTOCOL` of an HTTP/1.0 request": "HTTP/1.0",
  "`PATH_INFO` of `//a//b`": "//a//b",
  "`PATH_INFO` of `/a/./../b`": "/b",
  "`HTTP_HOST` of an HTTP/1.1 request without `Host`": "400",
  "`HTTP_HOST` of an HTTP/1.0 request without `Host`": "example.org",
  "a body with a GET": "yes",
  "a long body as the answer to it": "no",
  "a reason phrase of one's own": "200 Quite All Right",
  "a failure shows without a `Content-Length`": "no",
};

const APACHE_VARIABLES: Answers = {
  ...NGINX_VARIABLES,
  "`HTTP_HOST` of an HTTP/1.0 request without `Host`": "none",
  "a CONNECT with a body": "200",
  "`PATH_INFO` of `//a//b`": "/a//b",
  "a client's leaving closes the result": "when it writes",
};

const LIGHTTPD: Answers = {
  ...NGINX_VARIABLES,
  "`HTTP_HOST` of `GET http://a.example/` with `Host: b.example`": "400",
  "`HTTP_HOST` of an HTTP/1.0 request without `Host`": "none",
  "a client that ends only its own side": "it gets the rest",
  "`PATH_INFO` of `//a//b`": "/a/b",
  "a client's leaving closes the result": "when it writes",
  "a reason phrase of one's own": "200 OK",
  "the request body comes in as it is sent": "no",
  "a request body that is cut short": "the application is not asked",
  "a body with a GET": "400",
  "trailers behind it": "400",
  "a long body as the answer to it": "yes",
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
  "nginx by HTTP": {
    ...MAKE_SERVER,
    "`HTTP_HOST` of an HTTP/1.1 request without `Host`": "400",
    "`HTTP_HOST` of an HTTP/1.0 request without `Host`": "example.org",
    "`REMOTE_PORT`": "none",
    "that of an HTTP/1.0 request, too": "no",
    "a long body as the answer to it": "no",
  },
  "nginx by SCGI": {
    ...NGINX_VARIABLES,
    "the request body comes in as it is sent": "no",
    "a request body that is cut short": "the application is not asked",
  },
  "nginx by FastCGI": {
    ...NGINX_VARIABLES,
    "a failure shows without a `Content-Length`": "yes",
  },
  "nginx by uwsgi": {
    ...NGINX_VARIABLES,
  },
  "nginx by CGI": {
    ...NGINX_VARIABLES,
    "the request body comes in as it is sent": "no",
    "a request body that is cut short": "the application is not asked",
    "a header that is repeated": "b",
    "a client that ends only its own side": "it gets nothing more",
    "a client's leaving closes the result": "when it writes",
  },
  "Apache by HTTP": {
    ...MAKE_SERVER,
    "`HTTP_HOST` of an HTTP/1.1 request without `Host`": "400",
    "`HTTP_HOST` of an HTTP/1.0 request without `Host`": "example.org",
    "one that is compressed too: `gzip, chunked`": "500",
    "`REMOTE_PORT`": "none",
    "that of an HTTP/1.0 request, too": "no",
    "the request body comes in as it is sent": "no",
    "a request body that is cut short": "the application is not asked",
    "a long body as the answer to it": "no",
    "a client's leaving closes the result": "when it writes",
  },
  "Apache by SCGI": {
    ...APACHE_VARIABLES,
    "`PATH_INFO` of `//a//b`": "/a/b",
    "a chunked request body": "411",
    "trailers behind it": "411",
  },
  "Apache by FastCGI": {
    ...APACHE_VARIABLES,
    "a long body as the answer to it": "yes",
    "a failure shows without a `Content-Length`": "yes",
  },
  "Apache by uwsgi": {
    ...APACHE_VARIABLES,
    "a chunked request body": "411",
    "trailers behind it": "411",
  },
  "Apache by CGI": {
    ...APACHE_VARIABLES,
    "`PATH_INFO` of `//a//b`": "/a/b",
  },
  "lighttpd by SCGI": {
    ...LIGHTTPD,
  },
  "lighttpd by FastCGI": {
    ...LIGHTTPD,
    "a failure shows without a `Content-Length`": "yes",
  },
  "lighttpd by CGI": {
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
  "nginx by HTTP": "stderr",
  "nginx by SCGI": "stderr",
  "nginx by FastCGI": "nginx's error log",
  "nginx by uwsgi": "stderr",
  "nginx by CGI": "fcgiwrap's stderr",
  "Apache by HTTP": "stderr",
  "Apache by SCGI": "stderr",
  "Apache by FastCGI": "Apache's error log",
  "Apache by uwsgi": "stderr",
  "Apache by CGI": "Apache's error log",
  "lighttpd by SCGI": "stderr",
  "lighttpd by FastCGI": "lighttpd's error log",
  "lighttpd by CGI": "lighttpd's error log",
};
