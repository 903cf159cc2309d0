/**
 * Writes `SPEC.md` from the validator's comments: every `///` comment above a check is a rule, in the form `group:
 * sentence (section).`
 */

/** One rule, from the comment above its check. */
export interface Rule {
  group: string;
  sentence: string;
  /** The source of the rule. */
  section: string;
  /** The module that checks it, relative to the project's folder. */
  file: string;
  /** The line of the check: the first after the comment. */
  line: number;
}

/** The modules with checks, in the order in which their rules are read. */
export const FILES = [
  "_internal/validate/environ.ts",
  "validate.ts",
  "_internal/validate/exchange.ts",
  "_internal/validate/head.ts",
  "_internal/validate/streams.ts",
  "_internal/validate/result.ts",
  "_internal/validate/open_results.ts",
];

const GROUPS: Record<string, string> = {
  environ: "The environ",
  start_response: "`start_response()`",
  input: "`wsgi.input`",
  errors: "`wsgi.errors`",
  result: "The body: the result and `write()`",
  server: "The server",
};

const INTRODUCTION = `
The rules that \`validator\` of \`@tsgi/serve/validate\` checks between a server and an application. The command
\`deno task spec\` generates this page from the comments in its source. PEP 3333 is WSGI, RFC 9110 is HTTP; each rule
names the section that it comes from.

A violation of a rule with "must" throws a \`WSGIError\`; one with "should" is reported as a \`WSGIWarning\`.
`;

const root = new URL("../", import.meta.url);

/** All rules, in the order of `FILES`. */
export async function rules(): Promise<Rule[]> {
  const found: Rule[] = [];
  for (const file of FILES) {
    found.push(...parse(file, await Deno.readTextFile(new URL(file, root))));
  }
  return found;
}

/** The rules in a module. */
function parse(file: string, source: string): Rule[] {
  const found: Rule[] = [];
  let comment = "";
  for (const [index, line] of source.split("\n").entries()) {
    const [, text] = line.match(/^\s*\/\/\/ (.+)$/) ?? [];
    if (text) {
      comment += comment ? ` ${text}` : text;
    } else if (comment) {
      found.push({ ...parse_rule(comment), file, line: index + 1 });
      comment = "";
    }
  }
  return found;
}

function parse_rule(
  comment: string,
): Pick<Rule, "group" | "sentence" | "section"> {
  const [, group, sentence, section] =
    comment.match(/^(\w+): (.+) \(([^()]*(?:\(\)[^()]*)*)\)\.$/) ?? [];
  if (!group || !sentence || !section || !(group in GROUPS)) {
    throw new SyntaxError(
      `a rule must be "group: sentence (section).", got "${comment}"`,
    );
  }
  return { group, sentence, section };
}

/** The text of `SPEC.md`. */
export async function spec(): Promise<string> {
  const all = await rules();
  const parts = ["# The rules of WSGI", ...INTRODUCTION.trim().split("\n\n")];
  const blocks = parts.map((part) => wrap(part.replaceAll("\n", " ")));
  for (const [group, title] of Object.entries(GROUPS)) {
    const items = all.filter((rule) => rule.group === group)
      .map(({ sentence, section }) => wrap(`- ${sentence} (${section}).`));
    blocks.push(`## ${title}`, items.join("\n"));
  }
  return blocks.join("\n\n") + "\n";
}

/** A paragraph or a list item, wrapped as `deno fmt` does. */
function wrap(text: string): string {
  const indent = text.startsWith("- ") ? "  " : "";
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= 80) {
      lines[lines.length - 1] += ` ${word}`;
    } else lines.push(indent + word);
  }
  return lines.join("\n");
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("SPEC.md", root), await spec());
}
