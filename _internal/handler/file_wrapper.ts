/** `wsgi.file_wrapper`: a function in environ, made of the class that a handler names. */

import type { WSGIEnvironment } from "../../types.ts";
import { FileWrapper } from "../../util.ts";

/** A class whose instances `wsgi.file_wrapper` makes. */
export type FileWrapperClass = typeof FileWrapper;

type MakeFileWrapper = NonNullable<WSGIEnvironment["wsgi.file_wrapper"]>;

/** The size of a block where the application leaves it to the server: few system calls a megabyte. */
const BLOCK_SIZE = 65536;

/** The function for `FileWrapper` itself, made once and not for each request. */
const make_file_wrapper: MakeFileWrapper = (filelike, block_size) =>
  new FileWrapper(filelike, block_size ?? BLOCK_SIZE);

/** The function for a class. */
export function file_wrapper_of(wrapper: FileWrapperClass): MakeFileWrapper {
  if (wrapper === FileWrapper) return make_file_wrapper;
  return (filelike, block_size) =>
    new wrapper(filelike, block_size ?? BLOCK_SIZE);
}
