/** An exception of Python, as an error of JavaScript. */

/** A place in a Python program. */
export type PythonFrame = [
  function_name: string,
  file: string,
  line: number,
  column: number,
];

/** What _tsgi_errors.py tells of an exception. */
export interface ExceptionReport {
  /** Its class. */
  type: string;
  /** What it says. */
  message: string;
  /** Its places, the nearest to the raise first. */
  frames: PythonFrame[];
  /** The traceback as Python prints it; of a cause it is part of that of the first. */
  text?: string;
  /** What it was raised from, or while what was handled. */
  cause?: ExceptionReport & { relation: string };
}

/**
 * An exception that an application of Python raised. It is logged as Python prints it: `stack` is the traceback.
 */
export class PythonError extends Error {
  /** The class of the exception: `"ValueError"`. */
  override name: string;
  /** Where it was raised, function by function; the page of `--debug` shows the lines around. */
  readonly python: ExceptionReport;

  /** Takes an exception as Python tells of it. */
  constructor(report: ExceptionReport) {
    super(report.message);
    const { name, python, stack } = {
      name: report.type,
      python: report,
      stack: report.text?.trimEnd(),
    };
    this.name = name;
    Object.defineProperty(this, "name", { enumerable: false });
    this.python = python;
    Object.defineProperty(this, "python", { enumerable: false });
    if (stack) this.stack = stack;
  }
}
