/** The command as a CGI script, which a web server starts for each request. */

import { mod } from "../../../support/command.ts";
import { bytes, root, text, until } from "../../../support/support.ts";
import type { EndsDoor } from "./doors.ts";
import {
  Conversation,
  type EndsRequest,
  type Line,
  type Wire,
} from "./conversation.ts";

const SCRIPT = new URL("scripted.ts", import.meta.url).pathname;

/** Its response; the request is in its environment. */
const wire: Wire = {
  head: () => bytes(""),
  body: bytes,
  end: bytes(""),
  response: (raw) => text(raw).replace(/^Status: /, "HTTP/1.1 "),
};

function spawn({ method, target, body }: EndsRequest): Deno.ChildProcess {
  const [path = "", query = ""] = target.split("?");
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", mod, SCRIPT],
    cwd: root,
    env: {
      NO_COLOR: "1",
      GATEWAY_INTERFACE: "CGI/1.1",
      REQUEST_METHOD: method,
      SCRIPT_NAME: "",
      PATH_INFO: path,
      QUERY_STRING: query,
      REQUEST_URI: target,
      SERVER_NAME: "h",
      SERVER_PORT: "80",
      SERVER_PROTOCOL: "HTTP/1.1",
      REMOTE_ADDR: "192.0.2.1",
      CONTENT_LENGTH: String(body.length),
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Its stdin and its stdout. When the client leaves, it is ended as Apache does it. */
function line_of(child: Deno.ChildProcess): Line {
  const writer = child.stdin.getWriter();
  const reader = child.stdout.getReader();
  const close = async () => {
    await reader.cancel();
    await writer.close().catch(() => {}); // It may have ended.
  };
  return {
    write: (data) => writer.write(bytes(text(data))),
    async read() {
      const { done, value } = await reader.read();
      return done ? null : value;
    },
    close,
    async leave() {
      child.kill("SIGTERM");
      await close();
    },
  };
}

/** What it has written to stderr. */
interface Errors {
  text: string;
}

async function keep(stream: ReadableStream<Uint8Array>, errors: Errors) {
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    errors.text += part;
  }
}

export async function script_door(): Promise<EndsDoor> {
  const logs = new Map<string, Errors>();
  const ends: Promise<unknown>[] = [];
  const notes = (key: string) => {
    const lines = logs.get(key)!.text.matchAll(/^noted: (.*)$/gm);
    return Array.from(lines, ([, what]) => what!).sort();
  };
  return {
    async start(key, request) {
      const child = spawn(request);
      const errors = { text: "" };
      logs.set(key, errors);
      ends.push(child.status, keep(child.stderr, errors));
      const begun = () => until(() => notes(key).includes("begun"));
      return await Conversation.start(line_of(child), wire, request, begun);
    },
    notes,
    log: () => Array.from(logs.values(), ({ text }) => text).join(""),
    async [Symbol.asyncDispose]() {
      await Promise.all(ends);
    },
  };
}
