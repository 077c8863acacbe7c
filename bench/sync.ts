import { microseconds } from "./harness/measures.ts";
import { plain, timedWork } from "./harness/timed_work.ts";
import type { Work } from "./harness/types.ts";

// Every system call that takes a descriptor costs more in a process with several threads, and
// Deno always has several: that is the C to compare with.
const threaded = { peer: "c", variant: "threads", note: "second thread" };
const plainC = { peer: "c", note: "one thread" };
const unable = plain("deno", "node", "bun");

/** `sendmsg`, `recvmsg` and `close` of one descriptor on a socket pair. */
export const passSync: Work = timedWork({
  name: "pass-sync",
  title: "sendmsg + recvmsg + close of one descriptor, blocking, one process",
  measure: microseconds,
  baseline: "c:threads",
  targets: [
    { subject: "module:rebuilt", against: "c:threads", by: "ratio", atMost: 1.2 },
    { subject: "module:usual", against: "c:threads", by: "ratio", atMost: 1.2 },
  ],
  layout: { program: "pass-sync", processes: 1 },
  entries: [
    { peer: "module", variant: "rebuilt", note: "header and descriptor new each time" },
    { peer: "module", variant: "usual", note: "sendSync, receiveSync, default buffers" },
    { peer: "module", note: "header and descriptor kept" },
    { peer: "module", variant: "high", note: "sendSync, receiveSync, all kept" },
    ...plain("ffi", "python", "go"),
    threaded,
    plainC,
    ...unable,
  ],
});

/** 64 bytes through a socket pair. */
export const smallSync: Work = timedWork({
  name: "small-sync",
  title: "send + recv of 64 bytes, blocking, one process",
  measure: microseconds,
  baseline: "c:threads",
  targets: [{ subject: "module", against: "c:threads", by: "ratio", atMost: 1.1 }],
  layout: { program: "small-sync", processes: 1 },
  entries: [
    ...plain("module", "ffi", "python", "go"),
    { peer: "module", variant: "high", note: "sendSync, receiveSync" },
    threaded,
    plainC,
    ...unable,
  ],
});
