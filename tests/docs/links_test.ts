/** Every link and every anchor in the pages, the published ones and the others; and every page is found. */

import { assert, assertEquals } from "@std/assert";
import { anchors_of, is_there, links_of, urls_of } from "../support/pages.ts";
import { all_files, read } from "../support/project.ts";

const pages = all_files.filter((path) =>
  /^(?!std\/|tests\/).*\.md$/.test(path)
);

Deno.test("every link of a page leads to a file or a folder of the project", () => {
  const dead = pages.flatMap((page) =>
    links_of(page)
      .filter(({ path }) => !is_there(path, all_files))
      .map(({ path }) => `${page} links to ${path}`)
  );
  assertEquals(dead, []);
  const linked = pages.filter((page) => links_of(page).length > 0);
  for (const page of ["README.md", "docs/deploy.md"]) {
    assert(linked.includes(page), `${page} has no links`);
  }
});

Deno.test("every anchor in a link is a heading of the page that it leads to", () => {
  const dead = pages.flatMap((page) =>
    links_of(page)
      .filter(({ path, anchor }) => anchor !== "" && path.endsWith(".md"))
      .filter(({ path, anchor }) => !anchors_of(path).includes(anchor))
      .map(({ path, anchor }) => `${page} links to ${path}#${anchor}`)
  );
  assertEquals(dead, []);
});

Deno.test("no link of a page has an anchor in what is no page", () => {
  const strange = pages.flatMap((page) =>
    links_of(page)
      .filter(({ path, anchor }) => anchor !== "" && !path.endsWith(".md"))
      .map(({ path, anchor }) => `${page} links to ${path}#${anchor}`)
  );
  assertEquals(strange, []);
});

Deno.test("every link to somewhere else is by https", () => {
  const strange = pages.flatMap((page) =>
    urls_of(page)
      .filter((url) => !/^https:\/\/[^/\s]+\.[a-z]+(\/\S*)?$/.test(url))
      .filter((url) => !/^http:\/\/127\.0\.0\.1:\d+\/$/.test(url))
      .map((url) => `${page} links to ${url}`)
  );
  assertEquals(strange, []);
});

Deno.test("README.md links to every page of docs", () => {
  const linked = links_of("README.md").map(({ path }) => path);
  const docs = pages.filter((page) => page.startsWith("docs/"));
  assertEquals(docs.filter((page) => !linked.includes(page)), []);
});

Deno.test("every file of the project that a page names by its path is there", () => {
  const folders = ["docs", "examples", "tests", "bench", "tools", "cli"];
  const others = ["gateways", "middleware", "_internal", "std", "python"];
  const pattern = new RegExp(
    `\`((?:${[...folders, ...others].join("|")})/[\\w./@-]+)\``,
    "g",
  );
  const missing = pages.flatMap((page) =>
    Array.from(read(page).matchAll(pattern), ([, path]) => path!)
      .filter((path) => !is_there(path, all_files))
      .map((path) => `${page} names ${path}`)
  );
  assertEquals(missing, []);
});

/** The configurations that can be copied. */
const deployments = all_files
  .filter((path) => path.startsWith("examples/deployments/"));

Deno.test("docs/deploy.md links to every file of examples/deployments", () => {
  const linked = links_of("docs/deploy.md").map(({ path }) => path);
  assertEquals(deployments.filter((path) => !linked.includes(path)), []);
});
