/**
 * The examples that use programs of other projects: each runs against the real program, and leaves nothing behind.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type PeerName, testWith } from "../util/peers.ts";
import { type Outcome, runExample } from "./run.ts";

interface Example {
  /** The folder; the task has its name, with hyphens. */
  readonly name: string;
  readonly needs: PeerName;
  /** What it prints. */
  readonly lines: readonly RegExp[];
  /** Text in the line at which Ctrl-C comes. */
  readonly interruptAt: string;
}

const EXAMPLES: readonly Example[] = [
  {
    name: "examples/fuse",
    needs: "fusermount3",
    lines: [
      /^fusermount3 passed a character device for ".+"$/,
      /^ls: hello.txt, large.bin$/,
      /^cat: Served by Deno, read by the kernel.$/,
      /^cmp: the 300000 bytes of large.bin are right$/,
      /^unmounted after more than 10 requests: true$/,
    ],
    interruptAt: "passed",
  },
  {
    name: "examples/haproxy",
    needs: "haproxy",
    lines: [
      /^took the listener of a haproxy that works$/,
      /^haproxy has ended; its listener answers on, from this process$/,
      /^requests failed or refused: 0$/,
    ],
    interruptAt: "took",
  },
  {
    name: "examples/node_ipc",
    needs: "node",
    lines: [
      /^a server that node opened on a TCP port answers: Deno \d/,
      /^node serves a listener of this process: node v\d/,
      /^node answers on a connection: this connection was accepted elsewhere$/,
      /^node ended with 0$/,
    ],
    interruptAt: "TCP",
  },
  {
    name: "examples/ssh",
    needs: "ssh",
    lines: [
      /^ssh shares its connection$/,
      /^wc counted 3 lines of a file that only this process has opened$/,
      /^the command ended with 7$/,
    ],
    interruptAt: "shares",
  },
  {
    name: "examples/vhost_user",
    needs: "qemu-storage-daemon",
    lines: [
      /^the device has 1048576 bytes of memory and two eventfds$/,
      /^read 65536 bytes through the queue, right: 65536$/,
    ],
    interruptAt: "device",
  },
];

/** It said so, unless it was done before, and left no file. */
function assertInterrupted({ code, errors, left }: Outcome): void {
  assertEquals(left, []);
  assert(code === 0 || (code === 1 && errors === "Stopped by SIGINT"), `${code}: ${errors}`);
}

for (const { name, needs, lines, interruptAt } of EXAMPLES) {
  const task = name.replace("examples/", "example:").replace("_", "-");
  testWith(needs, `${name} works with the real ${needs}`, async () => {
    const outcome = await runExample(task);
    const { code, errors, left } = outcome;
    assertEquals({ code, errors, left }, { code: 0, errors: "", left: [] });
    assertEquals(outcome.lines.length, lines.length, outcome.lines.join("\n"));
    lines.forEach((line, i) => assertMatch(outcome.lines[i] ?? "", line));
  });

  testWith(needs, `${name} leaves nothing when interrupted`, async () => {
    assertInterrupted(await runExample(task, [], { interruptAt }));
  });
}

testWith("systemd-journald", "examples/journal works with the real systemd-journald", async () => {
  const { code, lines, errors, left } = await runExample("example:journal");
  if (Deno.uid() !== 0) {
    const refusal = "A journald of its own needs root, for a mount namespace";
    assertEquals({ code, errors, left }, { code: 77, errors: refusal, left: [] });
    return;
  }
  assertEquals({ code, errors, left }, { code: 0, errors: "", left: [] });
  assertEquals(lines, [
    "7 bytes as a datagram: journald has them, from this process",
    "10485760 bytes as a memory file: journald has them, from this process",
  ]);
});

testWith("systemd-journald", "examples/journal leaves nothing when interrupted", async () => {
  if (Deno.uid() !== 0) return; // it does not get that far
  assertInterrupted(await runExample("example:journal", [], { interruptAt: "datagram" }));
});
