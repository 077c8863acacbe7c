/**
 * The page on errors by their text: each text that it quotes is that of an error that is provoked here.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { OwnedFd, Socket, unix } from "../mod.ts";
import { type Anything, test } from "./util/cases.ts";
import { read } from "./util/project.ts";
import { tempDir } from "./util/tempdir.ts";

/** What each text is provoked by. */
const MISTAKES: Record<string, () => unknown> = {
  "no server listens there": () => {
    using dir = tempDir();
    unix.listen(dir.join("a"), { unlinkOnClose: false }).close();
    unix.connectSync(dir.join("a"));
  },
  "it is no socket, but a regular file": () => {
    using dir = tempDir();
    Deno.writeTextFileSync(dir.join("a"), "");
    unix.connectSync(dir.join("a"));
  },
  "there is no such path, and it has the form of another program": () =>
    unix.connectSync("unix:///run/none"),
  "it does not tell its number": () => {
    using file = Deno.openSync("/dev/null");
    using pair = unix.socketpair()[0];
    pair.sendSync({ data: new Uint8Array(1), files: [file as Anything] });
  },
  "its descriptor was detached, and has another owner now": () => {
    using socket = unix.socket();
    using _again = Socket.adopt(socket.detach());
    return socket.fd;
  },
  "take a file out of `files` to keep it": () => {
    const [a, b] = unix.socketpair();
    using _a = a;
    using _b = b;
    a.sendSync({ data: new Uint8Array(1), files: [0] });
    const message = b.receiveSync({ files: 1 });
    const file = message?.files[0];
    message?.[Symbol.dispose]();
    return file?.fd;
  },
  "Cannot use the C library without FFI permission": () => inChildWithoutPermission(),
  "Cannot pass descriptors without data on a stream": () => {
    const [a, b] = unix.socketpair();
    using _a = a;
    using _b = b;
    a.sendSync({ files: [0] });
  },
  "the message is larger than the socket can send at once": () => {
    using pair = unix.socketpair({ type: "dgram" })[0];
    pair.sendSync({ data: new Uint8Array(1 << 24) });
  },
  "the socket is not connected": () => {
    using socket = unix.socket({ type: "dgram" });
    socket.sendSync({ data: new Uint8Array(1) });
  },
  "a socket of another type is bound there": () => {
    using dir = tempDir();
    using _socket = unix.bind(dir.join("a"));
    unix.connectSync(dir.join("a"));
  },
  "its last component has": () => unix.connectSync(`/tmp/${"x".repeat(200)}`),
  "no such file or directory": () => unix.connectSync("/none/app.sock"),
  "it listens; use Listener.adopt": () => {
    using dir = tempDir();
    const listener = unix.listen(dir.join("a"));
    using file = OwnedFd.adopt(listener.detach());
    file.asSocket();
  },
  "it is not sealed against shrinking and writing": () => {
    using file = OwnedFd.memfd("a", new Uint8Array(8));
    file.map();
  },
  "a Socket owns it already": () => {
    using socket = unix.socket();
    OwnedFd.adopt(socket.fd);
  },
  "its buffer was detached or resized while it was pending": async () => {
    const [a, b] = unix.socketpair();
    using _a = a;
    using _b = b;
    const bytes = new Uint8Array(8);
    const reading = a.read(bytes);
    bytes.buffer.transfer();
    b.writeSync(new Uint8Array(1));
    await reading;
  },
};

async function inChildWithoutPermission(): Promise<void> {
  const program = `import { unix } from ${JSON.stringify(new URL("../mod.ts", import.meta.url))};
    unix.socketpair();`;
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("main.ts"), program);
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--config",
      new URL("../deno.json", import.meta.url).pathname,
      dir.join("main.ts"),
    ],
    stdin: "null",
    stdout: "null",
  }).output();
  throw new Error(new TextDecoder().decode(stderr));
}

/** A command, and a text that `tests/runtimes_test.ts` provokes. */
const ELSEWHERE = ["deno test", "it needs Deno 2.7.12 or later"];

/** The whole texts that the first column quotes: words with a space between them. */
const quoted = [...read("docs/troubleshooting.md").matchAll(/^\| (`{1,2})(.*?)\1(?= )/gm)]
  .map(([, , text = ""]) => text)
  .filter((it) => it.includes(" ") && !ELSEWHERE.includes(it));

test("each text that the page on errors quotes is that of an error", async (t) => {
  assertEquals(quoted.toSorted(), Object.keys(MISTAKES).toSorted());
  for (const [text, make] of Object.entries(MISTAKES)) {
    await t.step(text, async () => {
      let message = "nothing was thrown";
      try {
        await make();
      } catch (error) {
        message = error instanceof Error ? error.message : String(error);
      }
      assertStringIncludes(message, text);
    });
  }
});
