/** Work that goes on behind its response: what a process waits for before it ends. */

import { Bag, type Bagged } from "./bag.ts";

class Work implements Bagged {
  place = 0;
  readonly done: Promise<unknown>;

  constructor(done: Promise<unknown>) {
    this.done = done;
  }
}

const under_way = new Bag<Work>();

/** Counts work as under way until it settles, in whatever way: its error is its owner's business. */
export function note_work(done: Promise<unknown>): void {
  const work = new Work(done);
  under_way.add(work);
  const forget = () => under_way.delete(work);
  done.then(forget, forget);
}

/** Settles when no work is under way in this process, not even what has begun meanwhile. */
export async function work_is_done(): Promise<void> {
  while (under_way.size > 0) {
    await Promise.allSettled(Array.from(under_way, ({ done }) => done));
  }
}
