/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />

/** Starts processes one after the other, and reports what they inherited. */

function inherit(): string[] {
  const { stdout } = new Deno.Command("ls", { args: ["-l", "/proc/self/fd"], stdin: "null" })
    .outputSync();
  const lines = new TextDecoder().decode(stdout).trim().split("\n").slice(1);
  return lines.map((line) => /\d+ -> .*$/.exec(line)?.[0] ?? "")
    // 0 to 2 are given to it, and it has its own view of the folder.
    .filter((it) => parseInt(it) > 2 && !it.includes(" -> /proc/"));
}

// What this process has inherited itself.
const before = new Set(inherit());
self.postMessage([]);

self.onmessage = ({ data: count }: MessageEvent<number>): void => {
  const inherited = new Set<string>();
  for (let i = 0; i < count; i++) for (const it of inherit()) inherited.add(it);
  self.postMessage([...inherited.difference(before)]);
};
