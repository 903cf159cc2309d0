/** Names and values by their positions in a text, so that an expected name need not be sliced out of it. */

/** The number of positions per field: the start and end of its name and of its value. */
const PLACES = 4;

/** Enough fields for most requests. */
const MOST = 64;

/**
 * The fields of a text. One instance is reused for each request, because allocating the positions anew would cost time.
 */
export class Fields {
  /** The number of fields. */
  size = 0;
  #text = "";
  #places = new Int32Array(MOST * PLACES);

  /** Starts with another text, without fields. */
  begin(text: string): void {
    this.#text = text;
    this.size = 0;
  }

  /** Adds a field. */
  add(name: number, name_end: number, value: number, value_end: number): void {
    const offset = this.size++ * PLACES;
    if (offset === this.#places.length) this.#make_room();
    const places = this.#places;
    places[offset] = name;
    places[offset + 1] = name_end;
    places[offset + 2] = value;
    places[offset + 3] = value_end;
  }

  /** Whether a field has a given name. */
  is_named(index: number, name: string): boolean {
    const start = this.#places[index * PLACES]!;
    const end = this.#places[index * PLACES + 1]!;
    return end - start === name.length && this.#text.slice(start, end) === name;
  }

  /** The name of a field. */
  name(index: number): string {
    return this.#cut(index * PLACES);
  }

  /** The value of a field. */
  value(index: number): string {
    return this.#cut(index * PLACES + 2);
  }

  #cut(place: number): string {
    return this.#text.slice(this.#places[place], this.#places[place + 1]);
  }

  #make_room(): void {
    const larger = new Int32Array(2 * this.#places.length);
    larger.set(this.#places);
    this.#places = larger;
  }
}
