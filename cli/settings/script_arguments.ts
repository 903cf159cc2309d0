/**
 * The command line of a CGI script, to which the web server may have added the query.
 *
 * A query without an equals sign becomes arguments of the script (RFC 3875, section 4.4): Apache decodes its words and
 * puts a backslash before what is special to a shell, others hand on the whole of it in one piece. A script that begins
 * with `#!` or ends in `"$@"` hands them to this command. What came that way is text of a stranger: no option, and no
 * module.
 */

/** Variables that only a CGI script has (RFC 3875, section 4.1). */
const OF_A_SCRIPT = ["GATEWAY_INTERFACE", "REQUEST_METHOD"];

/** From how many characters on a query is not looked for everywhere: a stranger may send thousands of words. */
const LONG = 1000;

/** A command line without words that may have come as the query. */
export interface Own {
  args: string[];
  /** Whether they were the last ones, as they are behind `"$@"` and in a script that begins with `#!`. */
  were_last: boolean;
}

/**
 * The query of the request that this process was started for; "" where it has none or is no CGI script.
 */
export function script_query(
  environ: Readonly<Record<string, string>>,
): string {
  const is_script = OF_A_SCRIPT.some((name) => environ[name] !== undefined);
  return is_script ? environ.QUERY_STRING ?? "" : "";
}

/**
 * What is left of a command line when words are taken off that are the query, or its beginning, as a web server may not
 * hand on all of it: the most likely first. Compared is what neither decoding nor escaping changes.
 */
export function* without_query(
  args: string[],
  query: string,
): Generator<Own> {
  const wanted = marks_of(query);
  const marks = args.map(marks_of);
  const ends = query.length < LONG
    ? args.keys().map((index) => args.length - index)
    : [args.length];
  for (const end of ends) {
    for (const start of starts_of(marks.slice(0, end), wanted)) {
      const own = [...args.slice(0, start), ...args.slice(end)];
      yield { args: own, were_last: end === args.length };
    }
  }
}

/** Where words begin that reach to the end and are the query: as many of them as can be, and as few. */
function starts_of(marks: string[][], wanted: string[]): number[] {
  const starts: number[] = [];
  let found: string[] = [];
  for (let start = marks.length - 1; start >= 0; start--) {
    found = [...marks[start]!, ...found];
    if (found.length > wanted.length) break;
    const is_some = found.length > 0 || wanted.length === 0;
    if (is_some && found.every((mark, i) => mark === wanted[i])) {
      starts.push(start);
    }
  }
  return starts.length > 1 ? [starts.at(-1)!, starts[0]!] : starts;
}

/** The parts of a text that no web server changes: letters of ASCII, digits and hyphens. */
function marks_of(text: string): string[] {
  return text.split("+").flatMap((word) =>
    decoded(word).split("\0")[0]!.match(/[\w-]+/g) ?? []
  );
}

/** Decoded as often as it can be: so it is the same before and after any web server has done so. */
function decoded(word: string): string {
  let before;
  do {
    before = word;
    word = before.replace(/%([0-9a-f]{2})/gi, (_, digits) => {
      return String.fromCharCode(parseInt(digits, 16));
    });
  } while (word !== before);
  return word;
}
