/** The other thread of watchdog.ts. */

import { parentPort } from "node:worker_threads";
import { Place, type WatchOrder } from "./watchdog.ts";

/** How many times it looks within the time limit. */
const TIMES = 10;

const SIGINT = 2;

parentPort!.on("message", ({ shared, limit }: WatchOrder) => {
  let seen = 0;
  let waited = 0;
  while (true) {
    Atomics.wait(shared, Place.Nothing, 0, limit / TIMES);
    const call = Atomics.load(shared, Place.Call);
    waited = call === seen ? waited + 1 : 0;
    seen = call;
    if (call === 0 || waited < TIMES) continue;
    // And again each time it looks, as an application may catch the exception.
    Atomics.store(shared, Place.GivenUp, call);
    Atomics.store(shared, Place.Interrupt, SIGINT);
  }
});
