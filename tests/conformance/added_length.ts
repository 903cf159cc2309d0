/** What a web server says of a body by itself: its length. */

import type { Answer, DoorRequest, HTTPDoor } from "./doors/door.ts";
import type { Row } from "./row.ts";
import { rows } from "./table.ts";

/**
 * A door to a web server that adds a `Content-Length` to a response if it happens to have all of it before it has sent
 * anything. Where the table has none it is left out, if it is right.
 */
export function without_added_length(door: HTTPDoor): HTTPDoor {
  return {
    ...door,
    async send(request) {
      const answer = await door.send(request);
      const row = rows.find((row) => is_of_row(request, row));
      const is_added = row && !has_length(row.expected) &&
        answer.status.startsWith("2");
      return is_added ? without_length(answer) : answer;
    },
  };
}

/** Whether a request, to which headers were added, is that of a row. */
function is_of_row(
  request: DoorRequest,
  { application, request: { headers, ...rest } }: Row,
): boolean {
  return Object.entries(rest).every(([name, value]) =>
    request[name as keyof DoorRequest] === value
  ) &&
    headers.every((header) => request.headers.includes(header)) &&
    request.headers.some(([name, value]) =>
      name === "X-Application" && value === application
    );
}

function has_length({ headers }: Pick<Answer, "headers">): boolean {
  return headers.some(([name]) => name === "content-length");
}

function without_length(answer: Answer): Answer {
  const added = String(answer.body.length);
  const headers = answer.headers.filter(([name, value]) =>
    name !== "content-length" || value !== added
  );
  return { ...answer, headers };
}
