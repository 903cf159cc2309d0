/** Work that continues after its response: the process waits for it before it exits. */

import { Bag, type Bagged } from "./bag.ts";

class Work implements Bagged {
  place = 0;
  readonly done: Promise<unknown>;

  constructor(done: Promise<unknown>) {
    this.done = done;
  }
}

const in_progress = new Bag<Work>();

/** Counts work as in progress until it settles. Its owner handles its error. */
export function note_work(done: Promise<unknown>): void {
  const work = new Work(done);
  in_progress.add(work);
  const forget = () => in_progress.delete(work);
  done.then(forget, forget);
}

/** Resolves when no work is in progress in this process, including work that began in the meantime. */
export async function work_is_done(): Promise<void> {
  while (in_progress.size > 0) {
    await Promise.allSettled(Array.from(in_progress, ({ done }) => done));
  }
}
