import { spawn } from "../../tests/util/stop.ts";

/** Starts processes that compute until they are disposed of. */
export function computing(count: number): AsyncDisposable {
  const children = Array.from(
    { length: count },
    () => spawn("sh", { args: ["-c", "while :; do :; done"] }),
  );
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(children.map(({ status }) => status));
    },
  };
}
