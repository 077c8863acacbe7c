/** Too few descriptors and too little memory: what has come survives, and work goes on by itself. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Listener, unix } from "../../mod.ts";
import { whyMissing } from "../reactor/backends.ts";
import { testUnless } from "../util/peers.ts";
import { DATA, place } from "./place.ts";
import { testFaults } from "./suite.ts";
import { pair } from "../util/cases.ts";

/** Run a script with few descriptors, after `prefix`; what it prints. */
async function runLimited(
  script: string,
  env: Record<string, string>,
  ...prefix: string[]
): Promise<string[]> {
  // Deno opens its cache of compiled code whenever it gets to it, and would take a descriptor then.
  const flags = ["--no-prompt", "--no-code-cache", "--quiet", "--allow-all"];
  const deno = [Deno.execPath(), "run", ...flags];
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", 'ulimit -n 100 && exec "$@"', "sh", ...prefix, ...deno, script],
    cwd: new URL(".", import.meta.url),
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`${script}:\n${decode(stdout)}${decode(stderr)}`);
  return decode(stdout).trim().split("\n");
}

for (const backend of ["", "io_uring", "aio", "pool", "poll"]) {
  const name = backend === "" ? "the best backend" : backend;
  const reason = Deno.build.os === "linux" ? whyMissing(backend) : "it is made for Linux";
  testUnless(reason, `nothing is lost without descriptors, with ${name}`, async () => {
    const done = await runLimited("shortage.ts", { DENET_UNIX_REACTOR: backend });
    assert(done.length >= 15, done.join("\n"));
  });
}

/** Drops every capability: the kernel lets privileged processes have any number in flight. */
const UNPRIVILEGED = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];

function cannotDrop(): string | undefined {
  if (Deno.build.os !== "linux") return "it is made for Linux";
  if (Deno.uid() !== 0) return undefined;
  try {
    const { success } = new Deno.Command("setpriv", { args: [...UNPRIVILEGED.slice(1), "true"] })
      .outputSync();
    return success ? undefined : "this process may not drop its capabilities";
  } catch {
    return "setpriv is not installed";
  }
}

testUnless(cannotDrop(), "too many descriptors in flight are refused, and pass", async () => {
  const prefix = Deno.uid() === 0 ? UNPRIVILEGED : [];
  const done = await runLimited("in_flight.ts", {}, ...prefix);
  assertEquals(done.length, 3);
  assertStringIncludes(done[0] ?? "", "all received");
});

function listenerWithClient(stack: DisposableStack): Listener {
  const { short } = place(stack);
  const listener = stack.use(unix.listen(short));
  stack.use(unix.connectSync(short)).sendSync({ data: DATA });
  return listener;
}

testFaults("the iterator of a listener continues after a shortage", async (library) => {
  for (const error of ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]) {
    using stack = new DisposableStack();
    const listener = listenerWithClient(stack);
    library.inject({ call: "accept4", error, times: 3 });
    for await (using server of listener) {
      assertEquals(server.receiveSync()?.data, DATA);
      break;
    }
    assertEquals(library.injected, 3);
  }
});

testFaults(
  "short transfers pass every byte once, and descriptors with the first",
  async (library) => {
    for (const most of [1, 3, 7]) {
      for (const call of ["sendmsg", "send", "recvmsg", "recv"]) {
        using stack = new DisposableStack();
        const [a, b] = pair(stack);
        library.inject({ call, error: most, times: 1000 });
        const sent = [
          a.send({ data: [DATA, DATA], files: [0, 1] }),
          a.send({ data: DATA }),
        ];
        const counts: number[] = [];
        const bytes: number[] = [];
        while (bytes.length < DATA.length * 3) {
          using message = await b.receive({ files: 2 });
          bytes.push(...message?.data ?? []);
          counts.push(message?.files.length ?? 0);
        }
        assertEquals(await Promise.all(sent), [DATA.length * 2, DATA.length]);
        assertEquals(new Uint8Array(bytes), new Uint8Array([...DATA, ...DATA, ...DATA]));
        assertEquals({ first: counts[0], sum: counts.reduce((sum, it) => sum + it) }, {
          first: 2,
          sum: 2,
        });
      }
    }
  },
);
