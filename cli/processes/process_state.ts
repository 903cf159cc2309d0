/** What Linux tells about a process. */

/** The number of ticks of /proc in a second: USER_HZ, which is the same on every machine that Deno runs on. */
const TICKS = 100;

/** The meaning of the states that a process which does not respond can be in (proc(5)). */
const STATES: Record<string, string> = {
  R: "running",
  S: "waiting",
  D: "waiting for the disk",
  T: "stopped by a signal",
  t: "stopped by a debugger",
};

/** The state of the thread that runs JavaScript, at one moment. */
export interface ProcessState {
  /** What it is doing, in one word. */
  state: string;
  /** Its CPU time so far, in seconds. */
  cpu: number;
}

/** The state of a process; null if it is not known. */
export function process_state(pid: number): ProcessState | null {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/stat`);
    // The name of the program, in parentheses, may contain parentheses and spaces.
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
