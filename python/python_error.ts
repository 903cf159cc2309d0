/** A Python exception as a JavaScript error. */

/** A place in a Python program. */
export type PythonFrame = [
  function_name: string,
  file: string,
  line: number,
  column: number,
];

/** What _tsgi_errors.py reports about an exception. */
export interface ExceptionReport {
  /** Its class. */
  type: string;
  /** Its message. */
  message: string;
  /** The frames of its traceback, innermost first. */
  frames: PythonFrame[];
  /** The traceback as Python prints it, including that of its causes; not set for a cause. */
  text?: string;
  /** Its `__cause__` or `__context__`. */
  cause?: ExceptionReport & { relation: string };
}

/** An exception raised by an application in Python. Its `stack` is the traceback as Python prints it. */
export class PythonError extends Error {
  /** The class of the exception, such as `"ValueError"`. */
  override name: string;
  /** The whole report; the page of `--debug` shows source lines around each of its frames. */
  readonly python: ExceptionReport;

  /** Takes the report of the exception. */
  constructor(report: ExceptionReport) {
    super(report.message);
    this.name = report.type;
    this.python = report;
    // As with other errors, a log shows the stack alone.
    Object.defineProperty(this, "name", { enumerable: false });
    Object.defineProperty(this, "python", { enumerable: false });
    if (report.text) this.stack = report.text.trimEnd();
  }
}
