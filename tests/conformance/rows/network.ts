/** Rows: the errors of an application's own connections are its own, whatever they are called. */

import { forms, network_errors } from "../apps/erring.ts";
import {
  broken,
  error_page,
  type Expected,
  type Row,
  row,
  type RowRequest,
  whole,
} from "../row.ts";
import { bytes } from "../../support/support.ts";

const UPLOAD: RowRequest = { method: "POST", body: bytes("Hello") };

function fails(form: string, error: string, expected: Partial<Expected>): Row {
  return row(
    `an application's own ${error} in ${form}`,
    `network_error_in_${form}`,
    { target: `/?${error}`, ...(form === "with_input" ? UPLOAD : {}) },
    expected,
  );
}

export const network_rows: Row[] = [
  ...network_errors.map((error) =>
    fails("async_function", error, error_page(`${error}: `))
  ),
  ...forms.before.filter((form) => form !== "async_function").map((form) =>
    fails(form, "ConnectionReset", error_page("ConnectionReset: my database"))
  ),
  ...forms.after.map((form) =>
    fails(form, "BrokenPipe", broken("a", "BrokenPipe: my child process"))
  ),
  fails("close", "ConnectionReset", {
    ...whole("a"),
    log: ["ConnectionReset: my database"],
  }),
];
