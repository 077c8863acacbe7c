/** Nanoseconds of processor time of a live process so far, or `undefined` where `/proc` has none. */
export function cpuTime(pid: number): number | undefined {
  try {
    let total = 0;
    for (const task of Deno.readDirSync(`/proc/${pid}/task`)) {
      total += threadTime(pid, task.name);
    }
    return total;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

// schedstat counts nanoseconds; stat counts ticks of 10 ms, too coarse for short rounds.
function threadTime(pid: number, task: string): number {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/task/${task}/schedstat`);
    return Number(text.split(" ", 1)[0]);
  } catch (error) {
    if (isGone(error)) return 0;
    throw error;
  }
}

// A thread that ends while it is read gives ENOENT or ESRCH.
function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    (error instanceof Error && error.message.includes("os error 3"));
}

/** Sum of the processor time of several processes; `undefined` as soon as one is unknown. */
export function cpuTimeOf(pids: readonly number[]): number | undefined {
  let total = 0;
  for (const pid of pids) {
    const time = cpuTime(pid);
    if (time === undefined) return undefined;
    total += time;
  }
  return total;
}

/** Bytes of anonymous memory a process has resident, or `undefined` where `/proc` has none. */
export function anonymousMemory(pid: number): number | undefined {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    const found = /^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1];
    return found === undefined ? undefined : Number(found) * 1024;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
