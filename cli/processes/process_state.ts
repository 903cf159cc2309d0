/** What Linux says of a process. */

/** How many of the ticks of /proc make a second: USER_HZ, which is the same on every machine that Deno runs on. */
const TICKS = 100;

/** What the letters of a state mean, as far as a process that does not answer can be in them (proc(5)). */
const STATES: Record<string, string> = {
  R: "running",
  S: "waiting",
  D: "waiting for the disk",
  T: "stopped by a signal",
  t: "stopped by a debugger",
};

/** The thread of a process that runs JavaScript, at a moment. */
export interface ProcessState {
  /** What it is doing, in a word. */
  state: string;
  /** How long it has had a processor so far, in seconds. */
  cpu: number;
}

/** What a process is doing; null if unknown. */
export function process_state(pid: number): ProcessState | null {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/stat`);
    // The name of the program, in brackets, may have brackets and blanks itself.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [utime, stime] = [fields[11], fields[12]].map(Number);
    const state = fields[0]!;
    return {
      state: STATES[state] ?? `in state ${state}`,
      cpu: (utime! + stime!) / TICKS,
    };
  } catch {
    return null;
  }
}
