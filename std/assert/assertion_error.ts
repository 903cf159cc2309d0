/** What every assertion throws when it fails, so that a test can tell it from any other error. */
export class AssertionError extends Error {
  /** Takes the message and, as `options.cause`, the error that led to the failure. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}
