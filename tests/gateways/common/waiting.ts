/** How the tests wait for what shall not happen. */

/** Waits for a time. */
export async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits until a number stays what it is. A slow machine makes it end early, and prove less. */
export async function settled(value: () => number): Promise<number> {
  while (true) {
    const before = value();
    await pause(60);
    if (value() === before) return before;
  }
}

/** Whether `promise` is still pending after a while. */
export async function is_pending(promise: Promise<unknown>): Promise<boolean> {
  const nothing = new Promise((resolve) => setTimeout(resolve, 50, is_pending));
  return await Promise.race([promise, nothing]) === is_pending;
}
