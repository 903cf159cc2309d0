/** The frames of an error's stack, and the lines of source around them, as far as this process may read them. */

import { extname, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { is_own } from "../../_internal/text/frames.ts";

/** Whose code a frame belongs to. */
export type Owner = "application" | "package" | "library" | "platform";

/** A place on a stack. */
export interface Frame {
  /** The name of the function, as in the stack; `""` for the top level of a module. */
  name: string;
  /** File, line and column; the path is relative if the file is below the working directory. */
  place: string;
  owner: Owner;
  /** The lines around it; empty where the source is not available. */
  source: SourceLine[];
}

/** A line of source. */
export interface SourceLine {
  number: number;
  text: string;
  /** Whether it is the line of the frame. */
  is_here: boolean;
  /** The beginning and end of the word at the column of the frame; null on other lines. */
  mark: [begin: number, end: number] | null;
}

/** The maximum number of frames to read. */
const MOST_FRAMES = 60;

/** The maximum size of a file, in bytes. */
const LARGEST = 4_000_000;

/** How many characters of a long line are shown, and how many of these before the column. */
const LONGEST_LINE = 200;
const BEFORE_COLUMN = 60;

/** How many lines are shown above and below the first frame, and the other frames. */
const AROUND_FIRST = 5;
const AROUND_OTHER = 2;

/** The extensions of modules: no other file is read, because an application can set a stack to any text. */
const MODULE_NAME = /^\.([cm]?[jt]sx?|py)$/;

/** Where npm packages are: beside the application, or in Deno's cache. */
const OF_NPM = /\/node_modules\/|\/npm\/[^/]+\/(@[^/]+\/)?[^/]+\/\d+\.\d+\./;

/** Where Python's packages are, and its own library. */
const OF_PYTHON = /\/(site|dist)-packages\/|\/lib\/python3[^/]*\//;

/**
 * The frames of a stack, the nearest to the throw first.
 *
 * @param stack The error's `stack`.
 * @param message Its message, which precedes the frames, and may look like frames.
 */
export function frames_of(stack: string, message: string): Frame[] {
  return frames_at(calls_of(stack, message).map(parse_call));
}

/** What @tsgi/python tells of a place: function, file, line, column. */
export type PythonPlace = [string, string, number, number];

/** The frames of an exception of Python. */
export function python_frames(places: PythonPlace[]): Frame[] {
  return frames_at(places.map(([name, path, line, column]) => ({
    name,
    url: path.startsWith("/") ? pathToFileURL(path).href : path,
    line,
    column,
  })));
}

function frames_at(calls: Call[]): Frame[] {
  const files: Files = new Map();
  const folder = working_folder();
  let around = AROUND_FIRST;
  return calls.map(({ name, url, line, column }) => {
    const owner = owner_of(url);
    const frame = { name, place: place_of(url, folder), owner };
    if (line === 0) return { ...frame, source: [] };
    frame.place += `:${line}:${column}`;
    if (owner !== "application") return { ...frame, source: [] };
    const lines = lines_of(url, files);
    const source = lines_around(lines, line, column, around);
    around = AROUND_OTHER;
    return { ...frame, source };
  });
}

/** The lines of each file that was requested; null if they are not available. */
type Files = Map<string, string[] | null>;

/** The lines of a stack, after their `at`. */
function calls_of(stack: string, message: string): string[] {
  const begin = message ? stack.indexOf(message) : -1;
  const is_head = begin >= 0 && !stack.slice(0, begin).includes("\n");
  const lines = stack.slice(is_head ? begin + message.length : 0).split("\n");
  // The stack may begin with an earlier message.
  const last_other = lines.findLastIndex((line) => !/^\s+at /.test(line));
  return lines.slice(last_other + 1, last_other + 1 + MOST_FRAMES)
    .map((line) => line.replace(/^\s+at /, ""));
}

/** A line of a stack: `NAME (LOCATION)`, or only a location; line and column are 0 if it has none. */
interface Call {
  name: string;
  url: string;
  line: number;
  column: number;
}

function parse_call(call: string): Call {
  const open = call.endsWith(")") ? call.indexOf(" (") : -1;
  const name = open < 0 ? null : call.slice(0, open);
  const inner = open < 0 ? call : call.slice(open + " (".length, -1);
  const location = inner.replace(/^async /, "");
  const [, url = location, line = 0, column = 0] =
    location.match(/^(.*):(\d+):(\d+)$/) ?? [];
  return {
    name: name ?? (inner === location ? "" : "async"),
    url,
    line: Number(line),
    column: Number(column),
  };
}

function owner_of(url: string): Owner {
  if (is_own(url)) return "package";
  if (/^https?:/.test(url) || OF_NPM.test(url) || OF_PYTHON.test(url)) {
    return "library";
  }
  return /^(file|data|blob):/.test(url) ? "application" : "platform";
}

/** The working directory, with a slash at the end; null if it has been removed. */
function working_folder(): string | null {
  try {
    return `${Deno.cwd()}${sep}`;
  } catch {
    return null;
  }
}

function place_of(url: string, folder: string | null): string {
  const path = path_of(url);
  // A data: URL contains a whole module.
  if (path === null) return shortened(url, 0);
  return folder && path.startsWith(folder) ? path.slice(folder.length) : path;
}

/** The path of a file URL; null for any other. */
function path_of(url: string): string | null {
  if (!url.startsWith("file:")) return null;
  try {
    return fileURLToPath(url);
  } catch {
    return null; // An invalid percent encoding.
  }
}

/** The lines of a module; null if they are not available. */
function lines_of(url: string, files: Files): string[] | null {
  const path = path_of(url);
  if (path === null || !MODULE_NAME.test(extname(path))) return null;
  const known = files.get(path);
  if (known !== undefined) return known;
  const text = read(path);
  const lines = text?.split(/\r?\n/) ?? null;
  files.set(path, lines);
  return lines;
}

/** The content of a file; null if this process may not read it. Never prompts for permission. */
function read(path: string): string | null {
  const { state } = Deno.permissions.querySync({ name: "read", path });
  if (state !== "granted") return null;
  try {
    const { isFile, size } = Deno.statSync(path);
    return isFile && size <= LARGEST ? Deno.readTextFileSync(path) : null;
  } catch {
    return null; // It no longer exists, or the system does not allow it.
  }
}

/** The lines around a place; none if the file has no such line, because it has changed since. */
function lines_around(
  lines: string[] | null,
  line: number,
  column: number,
  around: number,
): SourceLine[] {
  if (!lines || line < 1 || line > lines.length) return [];
  const first = Math.max(1, line - around);
  const last = Math.min(lines.length, line + around);
  return lines.slice(first - 1, last).map((text, index) => {
    const number = first + index;
    return number === line
      ? marked_line(number, text, column - 1)
      : { number, text: shortened(text, 0), is_here: false, mark: null };
  });
}

/** The line of a frame, with the word at `column` marked. */
function marked_line(number: number, text: string, column: number): SourceLine {
  const begin = Math.max(0, column - BEFORE_COLUMN);
  const from = text.length <= LONGEST_LINE || begin === 0 ? 0 : begin;
  const shown = shortened(text, from);
  const at = column - from + (from > 0 ? 1 : 0);
  const [word] = shown.slice(at).match(/^([\p{ID_Continue}$]+|\S)/u) ?? [];
  const mark: SourceLine["mark"] = word ? [at, at + word.length] : null;
  return { number, text: shown, is_here: true, mark };
}

/** The part of `text` from an index on, with ellipses where something is left out. */
function shortened(text: string, from: number): string {
  const part = text.slice(from, from + LONGEST_LINE);
  const more = from + LONGEST_LINE < text.length;
  return `${from > 0 ? "…" : ""}${part}${more ? "…" : ""}`;
}
