/**
 * How the conformance table is run: `run_conformance` makes a test of each row, and another one with a validator around
 * the application. What a door cannot carry is a `Limit` of that door, with its reason; there is no other way around a
 * row.
 */

import { assert, assertEquals } from "@std/assert";
import type { HeaderList } from "../../types.ts";
import { type Digest, digest_of } from "./apps/content.ts";
import type { Answer, Door, DoorRequest } from "./doors/door.ts";
import { type Expected, type Row, row } from "./row.ts";
import { rows } from "./table.ts";
import { text } from "../support/support.ts";

/** What a door cannot carry. */
export interface Limit {
  /** The names of the rows. */
  rows: string[];
  reason: string;
  /** What comes back instead; without it the rows are left out. */
  expected?: Partial<Expected>;
  /** Whether no process is begun for the request, or nothing is heard of it, where each request has its own. */
  silent?: boolean;
}

/** How the table may be run. */
export interface ConformanceOptions {
  /** Whether every row is run with a validator as well: what validator says does not depend on the door. */
  validated?: boolean;
}

/**
 * Makes two tests of each row: through a door as it is, and with a validator around the application.
 *
 * @param door_name The door, as the names of the tests have it.
 * @param open Opens the door, for each test; a server that is costly to start may be shared behind it.
 * @param limits What the door cannot carry.
 * @param options How the table is run.
 */
export function run_conformance(
  door_name: string,
  open: () => Promise<Door>,
  limits: Limit[] = [],
  options: ConformanceOptions = {},
): void {
  check_limits(limits);
  for (const row of rows) {
    const limit = limits.find(({ rows }) => rows.includes(row.name));
    for (
      const validated of options.validated === false ? [false] : [false, true]
    ) {
      const through = validated ? `${door_name}, validated` : door_name;
      Deno.test({
        name: `conformance through ${through}: ${row.name}`,
        ignore: limit !== undefined && !limit.expected,
        async fn() {
          await using door = await open();
          const expected = validated ? row.validated : row.expected;
          await check_row(
            door,
            row,
            { ...expected, ...limit?.expected },
            { validated, silent: limit?.silent === true },
          );
        },
      });
    }
  }
}

/** A limit of a row that is not there would be forgotten for ever. */
function check_limits(limits: Limit[]): void {
  const names = new Set(rows.map(({ name }) => name));
  for (const name of limits.flatMap(({ rows }) => rows)) {
    assert(names.has(name), `a limit names a row that is not there: ${name}`);
  }
}

async function check_row(
  door: Door,
  { application, request }: Row,
  expected: Expected,
  { validated, silent }: { validated: boolean; silent: boolean },
): Promise<void> {
  const key = crypto.randomUUID();
  const before = door.log().length;
  const answer = await door.send(
    addressed(request, application, key, validated),
  );
  const facts = await settled_facts(door, key, expected.facts, silent);
  const log = door.log().slice(before, door.log().indexOf(key));
  assertEquals(
    { ...await seen(answer, expected), log: lines_of(log, expected), facts },
    { ...expected, headers: sorted(expected.headers) },
    `the log: ${log}`,
  );
}

/** The request with the headers that the dispatcher reads. */
function addressed(
  request: DoorRequest,
  application: string,
  key: string,
  validated: boolean,
): DoorRequest {
  const headers: HeaderList = [
    ["X-Application", application],
    ["X-Key", key],
    ...request.headers,
  ];
  if (validated) headers.push(["X-Validator", "yes"]);
  if (!headers.some(([name]) => name === "Host")) {
    headers.unshift(["Host", "www.example.org"]);
  }
  return { ...request, headers };
}

/** The answer of an application of the dispatcher's own. */
async function ask(
  door: Door,
  application: string,
  key: string,
): Promise<string> {
  const request = row("", application, {}, {}).request;
  const { body } = await door.send(addressed(request, application, key, false));
  return text(body);
}

/** How often something is looked at that happens after the answer, and how long it is waited between, in milliseconds. */
const TRIES = 200;
const PAUSE = 10;

async function wait(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, PAUSE));
}

/** The facts of a request, when its log is complete as well. */
async function settled_facts(
  door: Door,
  key: string,
  expected: Record<string, number>,
  silent: boolean,
): Promise<Record<string, number>> {
  const facts = () => door.facts ? door.facts(key) : ask_facts(door, key);
  if (!door.facts || silent) {
    await expect_facts(facts, expected);
    await ask(door, "mark", key);
  }
  await see_mark(door, key);
  return await facts();
}

async function ask_facts(
  door: Door,
  key: string,
): Promise<Record<string, number>> {
  return JSON.parse(await ask(door, "facts", key));
}

/** Waits until the facts of a request are what they shall be, or are not going to be. */
async function expect_facts(
  look: () => Promise<Record<string, number>> | Record<string, number>,
  expected: Record<string, number>,
): Promise<void> {
  for (let tries = 1; tries < TRIES; tries++) {
    const facts = await look();
    const missing = Object.entries(expected)
      .some(([fact, count]) => (facts[fact] ?? 0) < count);
    if (!missing) return;
    await wait();
  }
}

/** Waits until the log has everything that was written before now. */
async function see_mark(door: Door, key: string): Promise<void> {
  for (let tries = 1; !door.log().includes(key) && tries < TRIES; tries++) {
    await wait();
  }
}

/** The lines of a log without stacks; a line that holds what it shall hold is given as that. */
function lines_of(log: string, expected: Expected): string[] {
  const lines = log.split("\n").filter((line) => line && !/^\s+at /.test(line));
  return lines.map((line, i) => {
    const wanted = expected.log[i];
    return wanted !== undefined && line.includes(wanted) ? wanted : line;
  });
}

/** The headers that are the server's and the connection's, whatever the application says. */
const OF_SERVER =
  /^(connection|date|keep-alive|server|transfer-encoding|vary)$/;

/** An answer in the terms of what was expected. */
async function seen(
  answer: Answer,
  expected: Expected,
): Promise<Omit<Expected, "log" | "facts">> {
  const { status, broken } = answer;
  const headers = sorted(
    answer.headers.filter(([name]) => !OF_SERVER.test(name)),
  );
  if (!expected.broken) {
    return {
      status,
      headers,
      body: await body_as(answer.body, expected.body),
      broken,
    };
  }
  // Nothing may have arrived, or a part of the body.
  const body = text(answer.body);
  const { status: _status, headers: _headers, ...rest } = expected;
  return {
    status: status && broken ? status : expected.status,
    headers: status ? headers : sorted(expected.headers),
    body: String(expected.body).startsWith(body) ? rest.body : body,
    broken,
  };
}

async function body_as(
  body: Uint8Array,
  expected: string | Digest,
): Promise<string | Digest> {
  return typeof expected === "string" ? text(body) : await digest_of([body]);
}

/** Headers by their names, and those that are repeated as one; cookies cannot be joined. */
function sorted(headers: HeaderList): HeaderList {
  const list: HeaderList = [];
  for (const [name, value] of headers) {
    const before = list.find(([other]) => other === name);
    if (before && name !== "set-cookie") before[1] += `, ${value}`;
    else list.push([name, value]);
  }
  return list.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
}
