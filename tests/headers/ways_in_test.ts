/** What every way to put a header in takes, and what it refuses. */

import { assertEquals } from "@std/assert";
import { Headers } from "../../headers.ts";
import { bytes } from "../support/support.ts";
import { CONTROLS, refusal } from "./refusal.ts";

/** Each way to put a header in. */
const WAYS_IN: Record<
  string,
  (headers: Headers, name: string, value: string) => void
> = {
  "Headers()": (_, name, value) => new Headers([[name, value]]),
  "Headers.set()": (headers, name, value) => headers.set(name, value),
  "Headers.setdefault()": (headers, name, value) =>
    headers.setdefault(name, value),
  "Headers.add_header()": (headers, name, value) =>
    headers.add_header(name, value),
};

/** RFC 9110, section 5.6.2: what a token is made of, besides digits and letters. */
const TOKEN_MARKS = "!#$%&'*+-.^_`|~";

/** What may stand in a value: all other characters up to U+00FF. */
const TEXT = Array.from({ length: 0x100 }, (_, i) => String.fromCharCode(i))
  .filter((char) => !CONTROLS.includes(char)).join("");

for (const [way, put] of Object.entries(WAYS_IN)) {
  Deno.test(`${way} takes a name when all its characters may stand in a token`, () => {
    for (const char of TOKEN_MARKS + "09azAZ") {
      put(new Headers(), char, "v");
      put(new Headers(), `X${char}Y`, "v");
    }
  });

  Deno.test(`${way} throws when a character of the name may not stand in a token`, () => {
    for (let code = 0; code <= 0x17f; code++) {
      const char = String.fromCharCode(code);
      if (/[0-9A-Za-z]/.test(char) || TOKEN_MARKS.includes(char)) continue;
      for (const name of [char, `${char}X`, `X${char}`, `X${char}Y`]) {
        assertEquals(
          refusal(() => put(new Headers(), name, "v")),
          `a header name must be a token, got ${JSON.stringify(name)}`,
        );
      }
    }
  });

  Deno.test(`${way} throws when the name is empty`, () => {
    assertEquals(
      refusal(() => put(new Headers(), "", "v")),
      'a header name must be a token, got ""',
    );
  });

  Deno.test(`${way} throws when a name would split the response`, () => {
    assertEquals(
      refusal(() => put(new Headers(), "X: y\r\nSet-Cookie", "v")),
      'a header name must be a token, got "X: y\\r\\nSet-Cookie"',
    );
  });

  Deno.test(`${way} throws when a value holds a control character`, () => {
    for (const control of CONTROLS) {
      for (const value of [control, `${control}a`, `a${control}`]) {
        assertEquals(
          refusal(() => put(new Headers(), "X", value)),
          `the value of header X must not contain control characters, got ${
            JSON.stringify(value)
          }`,
        );
      }
    }
  });

  Deno.test(`${way} throws when a value would split the response`, () => {
    assertEquals(
      refusal(() => put(new Headers(), "X", "a\r\nSet-Cookie: b")),
      'the value of header X must not contain control characters, got "a\\r\\nSet-Cookie: b"',
    );
  });

  Deno.test(`${way} takes a value when it holds TAB and all else up to U+00FF`, () => {
    put(new Headers(), "X", TEXT);
  });

  Deno.test(`${way} takes a value when it is empty`, () => {
    put(new Headers(), "X", "");
  });

  Deno.test(`${way} adds nothing when it throws`, () => {
    const headers = new Headers([["A", "b"]]);
    refusal(() => put(headers, "X", "\0"));
    refusal(() => put(headers, "", "v"));
    assertEquals(headers.items(), [["A", "b"]]);
  });

  Deno.test(`${way} throws when the name is no string`, () => {
    for (
      const [name, came] of [
        [5, "5"],
        [null, "null"],
        [undefined, "undefined"],
        // Its text would do for a token.
        [["X"], "an array of 1"],
        [new String("X"), "an object of class String"],
        [bytes("X"), "an object of class Uint8Array"],
      ] as const
    ) {
      // get() and with it setdefault() may stumble over it before: by a TypeError in any case.
      const message = refusal(() =>
        put(new Headers(), name as unknown as string, "v")
      );
      if (way === "Headers.setdefault()") continue;
      assertEquals(message, `a header name must be a token, got ${came}`);
    }
  });

  for (
    const [value, came] of [
      [5, "5"],
      [undefined, "undefined"],
      [true, "true"],
      [["y"], "an array of 1"],
      [new String("y"), "an object of class String"],
      [bytes("y"), "an object of class Uint8Array"],
    ] as const
  ) {
    Deno.test(`${way} throws when the value is ${came}`, () => {
      assertEquals(
        refusal(() => put(new Headers(), "X", value as unknown as string)),
        `the value of header X must be a string, got ${came}`,
      );
    });
  }

  // add_header() leaves such a value out.
  if (way === "Headers.add_header()") continue;

  Deno.test(`${way} throws when the value is null`, () => {
    assertEquals(
      refusal(() => put(new Headers(), "X", null as unknown as string)),
      "the value of header X must be a string, got null",
    );
  });
}
