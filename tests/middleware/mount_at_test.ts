/** An application below a path. */

import { assertEquals, assertThrows } from "@std/assert";
import { mount_at } from "../../middleware/mod.ts";
import type { WSGIApplication } from "../../types.ts";
import { raw_request, serve } from "../support/support.ts";
import { behind, REQUEST, show } from "./forwarded/forwarding.ts";
import { MOUNT_PATHS, NO_MOUNT_PATHS } from "./option_values.ts";

Deno.test("mount_at() begins SCRIPT_NAME with the path, and PATH_INFO behind it", () => {
  const expected: [
    root_path: string,
    before: [script: string, path: string],
    after: [script: string, path: string],
  ][] = [
    ["/a", ["", "/x"], ["/a", "/x"]],
    ["/a", ["", "/a/x"], ["/a", "/x"]],
    ["/a", ["", "/a"], ["/a", ""]],
    ["/a", ["", "/a/"], ["/a", "/"]],
    ["/a", ["", "/"], ["/a", "/"]],
    ["/a", ["", "/ab"], ["/a", "/ab"]],
    ["/a", ["", "/a/a"], ["/a", "/a"]],
    ["/a", ["", "/x/a"], ["/a", "/x/a"]],
    ["/a", ["", "/A/x"], ["/a", "/A/x"]],
    ["/a", ["", "*"], ["/a", "*"]],
    ["/a/b", ["", "/a/x"], ["/a/b", "/a/x"]],
    ["/a/b", ["", "/a/b/x"], ["/a/b", "/x"]],
    ["/a", ["/s", "/x"], ["/a/s", "/x"]],
    ["/a", ["/s", "/a/x"], ["/a/s", "/a/x"]],
    ["/a", ["/ab", "/x"], ["/a/ab", "/x"]],
    // A web server has said it already, or a part of it, or more.
    ["/a", ["/a", "/x"], ["/a", "/x"]],
    ["/a", ["/a", ""], ["/a", ""]],
    ["/a", ["/a", "/a/x"], ["/a", "/a/x"]],
    ["/a", ["/a/s", "/x"], ["/a/s", "/x"]],
    ["/a/b", ["/a", "/b/x"], ["/a/b", "/x"]],
    ["/a/b", ["/a", "/b"], ["/a/b", ""]],
    ["/a/b", ["/a", "/x"], ["/a/b/a", "/x"]],
  ];
  for (const [root_path, before, after] of expected) {
    const [SCRIPT_NAME, PATH_INFO] = before;
    const environ = { ...REQUEST, SCRIPT_NAME, PATH_INFO };
    assertEquals(
      behind((app) => mount_at(app, { script_name: root_path }), environ),
      { ...environ, SCRIPT_NAME: after[0], PATH_INFO: after[1] },
    );
  }
});

Deno.test("mount_at() has SCRIPT_NAME in PATH_INFO only where the URL has it twice", () => {
  for (
    const [REQUEST_URI, path_info] of [
      ["/a/x", "/x"],
      ["/a/x?/a/a/x", "/x"],
      ["/%61/x", "/x"],
      ["/a/a/x", "/a/x"],
    ] as const
  ) {
    const environ = { ...REQUEST, SCRIPT_NAME: "/a", PATH_INFO: "/a/x" };
    const request = { ...environ, REQUEST_URI };
    assertEquals(
      behind((app) => mount_at(app, { script_name: "/a" }), request),
      { ...request, PATH_INFO: path_info },
    );
  }
});

Deno.test("mount_at() adds SCRIPT_NAME where there is none", () => {
  const { SCRIPT_NAME: _1, PATH_INFO: _2, ...request } = REQUEST;
  assertEquals(
    behind((app) => mount_at(app, { script_name: "/a" }), request),
    { ...request, SCRIPT_NAME: "/a" },
  );
});

Deno.test("mount_at() has URLs with the path through a server", async () => {
  await using server = serve(mount_at(show, { script_name: "/a" }));
  for (const target of ["/b", "/a/b"]) {
    const { body } = await raw_request(
      server.port,
      `GET ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
    );
    assertEquals(JSON.parse(body).uri, "http://h/a/b");
  }
});

Deno.test("mount_at() takes a path that no URL encodes, and nothing else", () => {
  const app: WSGIApplication = () => [];
  for (const script_name of MOUNT_PATHS) mount_at(app, { script_name });
  for (const script_name of NO_MOUNT_PATHS) {
    assertThrows(
      () => mount_at(app, { script_name }),
      TypeError,
      "script_name takes a path such as /prefix, with a leading slash, no trailing slash, " +
        `and no character that a URL encodes, got "${script_name}"`,
    );
  }
});
