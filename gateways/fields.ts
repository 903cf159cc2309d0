/** Names and values by their places in a text: a name that is expected need not be cut out of it. */

/** How many numbers tell the places of a field: where its name begins and ends, and its value. */
const PLACES = 4;

/** Room for as many as most requests have. */
const MOST = 64;

/** The fields of one text after another; to make the places anew for each request would be a part of its cost. */
export class Fields {
  /** How many there are. */
  size = 0;
  #text = "";
  #places = new Int32Array(MOST * PLACES);

  /** Begins with another text, none of whose fields is known. */
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

  /** Whether a field has that name. */
  is_named(index: number, name: string): boolean {
    const start = this.#places[index * PLACES]!;
    const end = this.#places[index * PLACES + 1]!;
    return end - start === name.length && this.#text.startsWith(name, start);
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
