/** `wsgi.file_wrapper`: a function in environ that instantiates a handler's class. */

import type { WSGIEnvironment } from "../../types.ts";
import { FileWrapper } from "../../util.ts";

/**
 * A class that `wsgi.file_wrapper` instantiates.
 *
 * @category Handlers
 */
export type FileWrapperClass = typeof FileWrapper;

type MakeFileWrapper = NonNullable<WSGIEnvironment["wsgi.file_wrapper"]>;

/** The default size of a block: few system calls per megabyte. */
const BLOCK_SIZE = 65536;

/** The function for `FileWrapper` itself, created once and not for each request. */
const make_file_wrapper: MakeFileWrapper = (filelike, block_size) =>
  new FileWrapper(filelike, block_size ?? BLOCK_SIZE);

/** The function for a class. */
export function file_wrapper_of(wrapper: FileWrapperClass): MakeFileWrapper {
  if (wrapper === FileWrapper) return make_file_wrapper;
  return (filelike, block_size) =>
    new wrapper(filelike, block_size ?? BLOCK_SIZE);
}
