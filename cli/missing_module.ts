/** Suggests a module in place of one that does not exist, or is not a module. */

import { file_url } from "./settings/file_url.ts";
import { did_you_mean, nearest } from "./settings/suggestion.ts";

/** The extensions of modules. */
const MODULE = /\.[cm]?[jt]sx?$/;

/** Usual names of the module of an application. */
const USUAL = /^(app|main|mod|index|server|wsgi)\.[cm]?[jt]sx?$/;

/** The message that a file does not exist, with one that has a similar name. */
export function no_such_file(path: string): string {
  if (/^:?\d{1,5}$|^unix:|^[\w.-]*:\d{1,5}$/.test(path)) {
    const address = /^\d/.test(path) && !path.includes(":") ? `:${path}` : path;
    return `there is no such file${did_you_mean(`--bind ${address}`)}`;
  }
  const { folder, name } = split(path);
  const modules = modules_in(folder);
  const stem = name.replace(MODULE, "");
  const found = modules.find((module) => module.replace(MODULE, "") === stem) ??
    nearest(name, modules);
  const suggestion = found === null ? null : `${folder}${found}`;
  return `there is no such file${did_you_mean(suggestion)}`;
}

/** The message that a path is a directory, with the module in it that may be meant. */
export function is_a_directory(path: string): string {
  const folder = `${path.replace(/\/+$/, "")}/`;
  const found = modules_in(folder).find((name) => USUAL.test(name));
  const suggestion = found === undefined ? null : `${folder}${found}`;
  return `it is a directory${did_you_mean(suggestion)}`;
}

/** Files that other programs serve, by their extension. */
const OTHERS: Record<string, string> = {
  php: "a program in PHP",
  rb: "a program in Ruby",
  html: "a page",
  json: "JSON: settings are given by --config",
  yaml: "YAML",
  yml: "YAML",
  toml: "TOML",
  md: "text",
  txt: "text",
  wsgi: "a program in Python, whose name must end in .py here",
  sh: "a shell script",
};

/** What a file is that cannot be a module; null if it can be one. */
export function no_module(path: string): string | null {
  const [, end] = path.match(/\.([a-z]+)$/i) ?? [];
  const kind = end && Object.hasOwn(OTHERS, end) ? OTHERS[end] : undefined;
  return kind === undefined
    ? null
    : `expected a module of TypeScript or JavaScript, got ${kind}`;
}

function split(path: string): { folder: string; name: string } {
  const end = path.lastIndexOf("/") + 1;
  return { folder: path.slice(0, end), name: path.slice(end) };
}

function modules_in(folder: string): string[] {
  try {
    return Array.from(Deno.readDirSync(file_url(folder || ".")))
      .filter(({ name, isDirectory }) => !isDirectory && MODULE.test(name))
      .map(({ name }) => name).sort();
  } catch {
    return []; // It does not exist, or cannot be read.
  }
}
