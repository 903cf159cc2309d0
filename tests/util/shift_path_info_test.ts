/** `shift_path_info()`, which moves a segment from `PATH_INFO` to `SCRIPT_NAME`. */

import { assertEquals, assertThrows } from "@std/assert";
import { type PartialEnvironment, shift_path_info } from "../../util.ts";

type Shift = [
  script_name: string,
  path_info: string,
  segment: string | null,
  script_name_after: string,
  path_info_after: string,
];

/** What wsgiref gives for each. */
const SHIFTS: Shift[] = [
  // One segment after the other.
  ["", "/", "", "/", ""],
  ["", "/x", "x", "/x", ""],
  ["/", "", null, "/", ""],
  ["/a", "", null, "/a", ""],
  ["/a", "/", "", "/a/", ""],
  ["/a", "/x", "x", "/a/x", ""],
  ["/a", "/x/", "x", "/a/x", "/"],
  ["/a", "/x/y", "x", "/a/x", "/y"],
  ["/a", "/x/y/", "x", "/a/x", "/y/"],
  ["/a", "/caf\u00c3\u00a9/y", "caf\u00c3\u00a9", "/a/caf\u00c3\u00a9", "/y"],
  ["/a", "/x\0y/\n", "x\0y", "/a/x\0y", "/\n"],
  // Two dots go back up, to the root at most.
  ["/a/b", "/../y", "..", "/a", "/y"],
  ["/a/b", "/..", "..", "/a", ""],
  ["/a", "/../", "..", "", "/"],
  ["", "/../y", "..", "", "/y"],
  ["", "/..", "..", "", ""],
  ["/a/b", "/.../y", "...", "/a/b/...", "/y"],
  // Empty segments and single dots are passed over, except at the end.
  ["/a/b", "//y", "y", "/a/b/y", ""],
  ["/a/b", "//y/", "y", "/a/b/y", "/"],
  ["/a/b", "/./y", "y", "/a/b/y", ""],
  ["/a/b", "/./y/", "y", "/a/b/y", "/"],
  ["/a/b", "///./..//y/.//", "..", "/a", "/y/"],
  ["/a/b", "/x//", "x", "/a/b/x", "/"],
  ["/a/b", "/x/.", "x", "/a/b/x", "/."],
  ["/a/b", "///", "", "/a/b/", ""],
  ["/a/b", "/.//", "", "/a/b/", ""],
  ["", "//", "", "/", ""],
  ["/a/b", "/.", null, "/a/b", ""],
  ["", "/.", null, "", ""],
  // SCRIPT_NAME is made normal too.
  ["/a/", "/", "", "/a/", ""],
  ["/a//b/./c/..", "/x", "x", "/a/b/x", ""],
  ["/", "/", "", "/", ""],
  ["/", "/.", null, "/", ""],
  ["/", "/x", "x", "//x", ""],
  ["//", "/", "", "/", ""],
  ["//", "/x", "x", "/x", ""],
  // A path without a root has something above it.
  ["a", "/..", "..", ".", ""],
  ["a/..", "/", "", "./", ""],
  ["..", "/..", "..", "../..", ""],
  ["", "x/y", "y", "/y", "x"],
];

for (const [script_name, path_info, segment, ...after] of SHIFTS) {
  const quoted = [segment, script_name, path_info].map((it) =>
    JSON.stringify(it)
  );
  Deno.test(`shift_path_info() gives ${quoted[0]} when SCRIPT_NAME is ${quoted[1]} and PATH_INFO ${quoted[2]}`, () => {
    const environ = { SCRIPT_NAME: script_name, PATH_INFO: path_info };
    assertEquals([shift_path_info(environ), environ], [
      segment,
      { SCRIPT_NAME: after[0], PATH_INFO: after[1] },
    ]);
  });
}

Deno.test("shift_path_info() gives every segment when it is called again and again", () => {
  const environ = { SCRIPT_NAME: "/a", PATH_INFO: "/b/./c//d/" };
  const segments = Array.from({ length: 6 }, () => shift_path_info(environ));
  assertEquals(segments, ["b", "c", "d", "", null, null]);
  assertEquals(environ, { SCRIPT_NAME: "/a/b/c/d/", PATH_INFO: "" });
});

Deno.test("shift_path_info() begins SCRIPT_NAME when there is none", () => {
  const environ: PartialEnvironment = { PATH_INFO: "/x/y" };
  assertEquals(shift_path_info(environ), "x");
  assertEquals(environ, { SCRIPT_NAME: "/x", PATH_INFO: "/y" });
});

Deno.test("shift_path_info() leaves environ as it is when there is no PATH_INFO", () => {
  const environ: PartialEnvironment = { SCRIPT_NAME: "/a//" };
  assertEquals(shift_path_info(environ), null);
  assertEquals(environ, { SCRIPT_NAME: "/a//" });
});

Deno.test("shift_path_info() leaves the other variables as they are when it shifts", () => {
  const environ = { SCRIPT_NAME: "", PATH_INFO: "/x", REQUEST_URI: "/x?y" };
  shift_path_info(environ);
  assertEquals(environ, {
    SCRIPT_NAME: "/x",
    PATH_INFO: "",
    REQUEST_URI: "/x?y",
  });
});

Deno.test("shift_path_info() throws when PATH_INFO has no slash", () => {
  const environ = { SCRIPT_NAME: "/a", PATH_INFO: "x" };
  const error = assertThrows(() => shift_path_info(environ), RangeError);
  assertEquals(error.message, 'PATH_INFO must begin with "/", got "x"');
});

Deno.test("shift_path_info() leaves environ as it is when it throws", () => {
  const environ = { SCRIPT_NAME: "/a", PATH_INFO: "x" };
  assertThrows(() => shift_path_info(environ), RangeError);
  assertEquals(environ, { SCRIPT_NAME: "/a", PATH_INFO: "x" });
});
