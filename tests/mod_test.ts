/**
 * The public names and signatures, as `deno doc --json` tells them: what no later change may take away unnoticed.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import * as root from "../mod.ts";
import { publicApi } from "./api.ts";
import { tempDir } from "./util/tempdir.ts";
import { read } from "./util/project.ts";

Deno.test("the public API is that of tests/api.txt: `deno task api` writes it anew", async () => {
  assertEquals(await publicApi(), read("tests/api.txt").trimEnd().split("\n"));
});

Deno.test("what mod.ts documents is there", async () => {
  const names = (await publicApi()).flatMap((it) =>
    /^\. (?:(?:class|const|namespace) )?(\w+)(?:$|[(<:]| (?:extends|implements) )/.exec(it)?.[1] ??
      []
  );
  const values = [...new Set(names)].filter((it) => Object.hasOwn(root, it));
  assertEquals(values.sort(), Object.keys(root).sort());
});

Deno.test("Socket and Listener can be used as Deno's own", () => {
  const asConn = (it: root.Socket): Deno.Conn<Deno.UnixAddr> => it;
  const asListener = (it: root.Listener): Deno.Listener<root.Socket, Deno.UnixAddr> => it;
  const asFile = (it: root.OwnedFd): Omit<Deno.FsFile, "fd"> => it;
  using dir = tempDir();
  using listener = root.unix.listen(dir.join("a"));
  const [a, b] = root.unix.socketpair();
  using _a = a;
  using _b = b;
  const [reader, writer] = root.OwnedFd.pipe();
  using _reader = reader;
  using _writer = writer;
  assertEquals(asConn(a).localAddr.transport, "unix");
  assertEquals(asListener(listener).addr.transport, "unix");
  assertEquals(asFile(reader).isTerminal(), false);
});
