// The example in examples/dbus, with a real dbus-daemon.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { connectTo, startProgram } from "../../examples/programs.ts";
import { decode, encodeCall, messageLength } from "../../examples/dbus/message.ts";
import { OwnedFd } from "@denet/unix";
import { noLeaks } from "../util/descriptors.ts";
import { needPeer, testUnless, testWith } from "../util/peers.ts";
import { tempDir } from "../util/tempdir.ts";
import { runExample } from "./run.ts";
import { notLinux } from "../tools/tapped.ts";
import { readEvent, readEvents, startTool } from "../tools/tool.ts";

testWith(
  ["dbus-daemon", "dbus-python"],
  "examples/dbus passes files through the bus, both ways",
  async () => {
    const { code, lines, errors, left } = await runExample("example:dbus");
    assertEquals({ code, errors, left }, { code: 0, errors: "", left: [] });
    assertEquals(lines, [
      "authenticated by EXTERNAL, and called :1.0",
      'passed a memory file; the service read "written in memory" from it',
      'received a file from it, which says "opened by another process"',
    ]);
  },
);

testUnless(
  notLinux,
  "decode() reads what encodeCall() writes, whatever the lengths",
  noLeaks(() => {
    const peer = { name: "a.b", path: "/" };
    using file = OwnedFd.memfd("one");
    using next = OwnedFd.memfd("of the next message");
    for (const text of ["", "a", "four", "seventeen letters"]) {
      const bytes = encodeCall(3, peer, "M", [text, 7, file]);
      assertEquals(messageLength(bytes), bytes.byteLength);
      assertEquals(messageLength(bytes.subarray(0, 15)), undefined);
      const came = [file, next];
      const { type, args, files } = decode(bytes, came);
      assertEquals({ type, args, files, came }, {
        type: 1,
        args: [text, 7, file],
        files: [file],
        came: [next],
      });
    }
  }),
);

testWith(
  ["dbus-daemon", "busctl"],
  "unixtap passes on the messages of D-Bus clients unchanged, and shows them",
  async () => {
    using dir = tempDir();
    await using bus = startProgram(needPeer("dbus-daemon").command, {
      args: ["--session", "--nofork", "--nopidfile", `--address=unix:path=${dir.join("bus")}`],
      debianPackage: "dbus-daemon",
    });
    using _first = await connectTo(bus, dir.join("bus"));
    await using tap = startTool("unixtap", ["-j", dir.join("tap"), dir.join("bus")]);
    assertEquals((await readEvent(tap)).event, "listen");
    const list = async (socket: string) => {
      const { stdout, success } = await new Deno.Command(needPeer("busctl").command, {
        args: [`--address=unix:path=${socket}`, "--no-pager", "call", "org.freedesktop.DBus"]
          .concat(["/org/freedesktop/DBus", "org.freedesktop.DBus", "ListActivatableNames"]),
      }).output();
      assert(success);
      return new TextDecoder().decode(stdout);
    };
    assertEquals(await list(dir.join("tap")), await list(dir.join("bus")));
    tap.kill("SIGTERM");
    const events = await readEvents(tap);
    const texts = events.flatMap(({ text }) => text ?? []).join("");
    assertStringIncludes(texts, "AGREE_UNIX_FD");
    assertEquals(events.filter(({ event }) => event === "close").length, 1);
  },
);
