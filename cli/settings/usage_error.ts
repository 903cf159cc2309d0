/** A mistake in the command line, or in what it names: the command says it in one line and ends with status 2. */
export class UsageError extends Error {
  override name = "UsageError";
}
