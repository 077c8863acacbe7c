/** Starts processes that compute until they are disposed of. */
export function computing(count: number): AsyncDisposable {
  const children = Array.from(
    { length: count },
    () => new Deno.Command("sh", { args: ["-c", "while :; do :; done"], stdin: "null" }).spawn(),
  );
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(children.map(({ status }) => status));
    },
  };
}
