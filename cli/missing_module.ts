/** What may have been meant by a MODULE that is not there, or is none. */

import { file_url } from "./settings/file_url.ts";
import { did_you_mean, nearest } from "./settings/suggestion.ts";

/** What a module ends in. */
const MODULE = /\.[cm]?[jt]sx?$/;

/** What the module of an application is often called, in a folder. */
const USUAL = /^(app|main|mod|index|server|wsgi)\.[cm]?[jt]sx?$/;

/** Says that there is no such file, and which one is like it. */
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

/** Says that a path is a directory, and which module in it may be meant. */
export function is_a_directory(path: string): string {
  const folder = `${path.replace(/\/+$/, "")}/`;
  const found = modules_in(folder).find((name) => USUAL.test(name));
  const suggestion = found === undefined ? null : `${folder}${found}`;
  return `it is a directory${did_you_mean(suggestion)}`;
}

/** What files are that others serve, by what they end in. */
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

/** What a file is that cannot be a module; null where it can. */
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
    return []; // It is not there, or not to be read.
  }
}
