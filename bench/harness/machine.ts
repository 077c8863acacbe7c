import os from "node:os";

/** Where and when a run took place. */
export interface Machine {
  processor: string;
  processors: number;
  system: string;
  deno: string;
  v8: string;
  date: string;
}

/** Reads the machine's description. */
export function machine(): Machine {
  const processors = os.cpus();
  return {
    processor: processors[0]?.model.trim() ?? "unknown",
    processors: processors.length,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    date: new Date().toISOString().slice(0, 16).replace("T", " ") + " UTC",
  };
}

/** One line for captions. */
export function describe(where: Machine): string {
  return `${where.processor}, ${where.processors} processors, ${where.system}, Deno ${where.deno}, ${where.date}`;
}
