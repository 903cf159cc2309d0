/** Keeps what an application reads of a form, so that the error page can show it. */

import { PassedBody } from "../../_internal/streams/passed_body.ts";
import { get } from "./careful.ts";

/** The maximum number of bytes to keep. */
const MOST = 65_536;

/** The types that browsers send forms as (HTML, section 4.10.21). */
const FORMS = /^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i;

/** The name and the value of a field, as text. */
export type Field = [name: string, value: string];

/** A `wsgi.input` that keeps the beginning of what is read from it. */
export class FormBody extends PassedBody {
  #type: string;
  #kept = new Uint8Array();

  /** Replaces the `wsgi.input` of a request with a form; null if it has no form. */
  static take(environ: Record<string, unknown>): FormBody | null {
    const type = get(environ, "CONTENT_TYPE");
    const input = get(environ, "wsgi.input");
    if (typeof type !== "string" || !FORMS.test(type)) return null;
    if (!(input instanceof ReadableStream)) return null;
    const body = new FormBody(input, type);
    environ["wsgi.input"] = body.stream;
    return body;
  }

  constructor(source: ReadableStream<Uint8Array>, type: string) {
    super(source);
    this.#type = type;
  }

  protected override async give(
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void> {
    const step = await this.read();
    if (step.done) return controller.close();
    this.#keep(step.value);
    controller.enqueue(step.value);
  }

  /** The fields that have been read; none if an incomplete form cannot be parsed. */
  async fields(): Promise<Field[]> {
    const headers = { "Content-Type": this.#type };
    try {
      const form = await new Response(this.#kept, { headers }).formData();
      return Array.from(form, ([name, value]) => [name, text_of(value)]);
    } catch {
      return [];
    }
  }

  /** Copies the block, which belongs to the application. */
  #keep(block: Uint8Array): void {
    const before = this.#kept;
    const added = block.subarray(0, MOST - before.length);
    if (added.length === 0) return;
    this.#kept = new Uint8Array(before.length + added.length);
    this.#kept.set(before);
    this.#kept.set(added, before.length);
  }
}

function text_of(value: FormDataEntryValue): string {
  if (typeof value === "string") return value;
  const { name, type, size } = value;
  return `${name} (${type || "a file"}, ${size} bytes)`;
}
