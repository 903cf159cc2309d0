/** Filters the frames of a stack: those of this package do not help to debug an application. */

/** The folder of this package; "" if modules have no URL, as on Workers. Found out with the first error. */
let folder: string | null = null;

function package_folder(): string {
  const { url } = import.meta;
  return folder ??= url ? new URL("../../", url).href : "";
}

/** The modules of this package, without the other files of a checkout. */
const OWN =
  /^((_internal|cli|gateways|middleware)\/|(handlers|headers|mod|simple_server|types|util|validate)\.[jt]s\b)/;

/** Whether a module, or the location of a frame, is part of this package, and not one of its examples or tests. */
export function is_own(url: string): boolean {
  const own = package_folder();
  return own !== "" && url.startsWith(own) && OWN.test(url.slice(own.length));
}

function is_frame(line: string): boolean {
  return /^\s+at /.test(line);
}

/** Whether a frame is in a module that belongs neither to this package nor to the platform. */
function is_foreign(line: string): boolean {
  if (!is_frame(line)) return false;
  const start = line.search(/\b[a-z]+:\/\//);
  return start >= 0 && !is_own(line.slice(start));
}

/**
 * A stack without the frames below the application's. A stack without such frames is kept whole, because the error may
 * be ours.
 */
export function without_callers(stack: string): string {
  const lines = stack.split("\n");
  const last = lines.findLastIndex(is_foreign);
  if (last < 0) return stack;
  return lines.filter((line, index) => index <= last || !is_frame(line))
    .join("\n");
}

/** Removes all frames except the application's from an error that the application caused. */
export function about_application<Kind extends Error>(error: Kind): Kind {
  const lines = error.stack?.split("\n") ?? [];
  const first = lines.findIndex(is_foreign);
  const rest = lines.filter((line, index) =>
    !is_frame(line) || first >= 0 && index >= first
  );
  error.stack = without_callers(rest.join("\n"));
  return error;
}

/** The error for an invalid argument from an application. */
export function refusal(message: string): TypeError {
  return about_application(new TypeError(message));
}
