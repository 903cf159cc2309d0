/** The pages of the documentation: their links, and the anchors that these may lead to. */

import { read } from "./project.ts";

/** A page without its code, in which a `#` begins no heading. */
function prose_of(path: string): string {
  return read(path).replace(/^( *)```[^]*?^\1```$/gm, "");
}

/** A link to a file of the project. */
export interface Link {
  path: string;
  /** A place in it; empty where none is named. */
  anchor: string;
}

/** What a page links to, and the pictures in it, as they are written; without its code. */
function targets_of(page: string): string[] {
  const text = prose_of(page).replace(/`[^`\n]*`/g, "");
  const links = text.matchAll(/\]\(([^)\s]+)\)/g);
  const html = text.matchAll(/\b(?:href|src|srcset)="([^"]+)"/g);
  return [...links, ...html].map(([, target]) => target!);
}

/** Whether a target is somewhere else. */
function is_url(target: string): boolean {
  return /^[a-z]+:/.test(target);
}

/** The links of a page to files of the project, and to places in them. */
export function links_of(page: string): Link[] {
  const base = new URL(page, "file:///");
  return targets_of(page)
    .filter((target) => !is_url(target))
    .map((target) => new URL(target, base))
    .map(({ pathname, hash }) => ({
      path: decodeURIComponent(pathname.slice(1)),
      anchor: decodeURIComponent(hash.slice(1)),
    }));
}

/** The links of a page to other places. */
export function urls_of(page: string): string[] {
  return targets_of(page).filter(is_url);
}

/** The anchors of a page, as GitHub makes them of its headings: one that is there already is numbered. */
export function anchors_of(page: string): string[] {
  const seen = new Map<string, number>();
  return Array.from(prose_of(page).matchAll(/^#+ (.+)$/gm), ([, heading]) => {
    const anchor = heading!
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}_\- ]/gu, "")
      .replaceAll(" ", "-");
    const times = seen.get(anchor) ?? 0;
    seen.set(anchor, times + 1);
    return times === 0 ? anchor : `${anchor}-${times}`;
  });
}

/** Whether a path is that of one of the files, or of a folder of them. */
export function is_there(path: string, files: string[]): boolean {
  const folder = path.endsWith("/") ? path : `${path}/`;
  return files.some((file) => file === path || file.startsWith(folder));
}
