/**
 * `filesFirst`, `fullLength`, `from`, `fromAddress` and answers `to` them, each once for every type of socket, every
 * kind of name that a sender may have, and every way to receive.
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Message, type Socket, type SocketType, unix } from "../../mod.ts";
import { bytes, linuxTest, text } from "../util/cases.ts";
import { type TempDir, tempDir } from "../util/tempdir.ts";

const TYPES: readonly SocketType[] = ["stream", "seqpacket", "dgram"];
const NAMES = ["path", "abstract", "autobound", "unnamed"] as const;
const WAYS = ["receive", "receiveSync", "messages"] as const;

type NameKind = typeof NAMES[number];
type Way = typeof WAYS[number];

/** The options that give a sender its name. */
function named(kind: NameKind, dir: TempDir): { localAddress?: string } {
  if (kind === "unnamed") return {};
  if (kind === "autobound") return { localAddress: "" };
  return { localAddress: kind === "path" ? dir.join("client") : `@${dir.join("client")}` };
}

interface Ends extends Disposable {
  readonly sender: Socket;
  readonly receiver: Socket;
}

/** Connect a sender with a name of some kind to a receiver with a path. */
async function connect(type: SocketType, kind: NameKind, dir: TempDir): Promise<Ends> {
  const path = dir.join("server");
  const options = { type, ...named(kind, dir) };
  if (type === "dgram") {
    const receiver = unix.bind(path);
    return ends(await unix.connect(path, options), receiver);
  }
  using listener = unix.listen(path, { type });
  const sender = await unix.connect(path, options);
  return ends(sender, await listener.accept());
}

function ends(sender: Socket, receiver: Socket): Ends {
  return {
    sender,
    receiver,
    [Symbol.dispose](): void {
      sender.close();
      receiver.close();
    },
  };
}

/** Receive in one of the ways. */
async function receive(socket: Socket, way: Way, options: unix.ReceiveRequest): Promise<Message> {
  const message = way === "receive"
    ? await socket.receive(options)
    : way === "receiveSync"
    ? socket.receiveSync(options)
    : (await socket.messages(options).next()).value;
  assert(message);
  return message;
}

/** What a message has, its files closed. */
function contents(message: Message): { data: string; files: number; fullLength: number } {
  using it = message;
  return { data: text(it.data), files: it.files.length, fullLength: it.fullLength };
}

/** Three messages, of which the second has a file. */
function sendThree(sender: Socket): void {
  sender.sendSync({ data: bytes("ab") });
  sender.sendSync({ data: bytes("cd"), files: [0] });
  sender.sendSync({ data: bytes("ef") });
}

/** How the three arrive: on a stream, the file ends what it came with, and `filesFirst` what is before it. */
function expected(type: SocketType, filesFirst: boolean): ReturnType<typeof contents>[] {
  const isJoined = type === "stream" && !filesFirst;
  const parts: [string, number][] = isJoined
    ? [["abcd", 1], ["ef", 0]]
    : [["ab", 0], ["cd", 1], ["ef", 0]];
  return parts.map(([data, files]) => ({ data, files, fullLength: data.length }));
}

/** Answer a datagram, in every form that `to` takes; elsewhere, and without a name, that is refused. */
async function answer({ sender, receiver }: Ends, message: Message, way: Way): Promise<void> {
  for (const to of [message.from, message.fromAddress]) {
    const outgoing = { data: bytes("answer"), to: to as unix.Address };
    const attempt = (): unknown =>
      way === "receiveSync" ? receiver.sendSync(outgoing) : receiver.send(outgoing);
    if (to !== null && receiver.type === "dgram") {
      await attempt();
      assertEquals(contents(await receive(sender, way, {})).data, "answer");
    } else if (way === "receiveSync") {
      assertThrows(attempt, TypeError);
    } else {
      await assertRejects(async () => await attempt(), TypeError);
    }
  }
}

for (const type of TYPES) {
  for (const kind of NAMES) {
    for (const way of WAYS) {
      linuxTest(`${way}() of a ${type} socket tells of a sender that is ${kind}`, async () => {
        using dir = tempDir();
        using pair = await connect(type, kind, dir);
        const { sender, receiver } = pair;
        for (const filesFirst of [false, true]) {
          sendThree(sender);
          for (const part of expected(type, filesFirst)) {
            const message = await receive(receiver, way, { files: 1, filesFirst });
            assertEquals(contents(message), part, `filesFirst: ${filesFirst}`);
          }
        }

        sender.sendSync({ data: bytes("long") });
        using cut = await receive(receiver, way, { size: 1 });
        const isStream = type === "stream";
        assertEquals({ data: text(cut.data), full: cut.fullLength, truncated: cut.truncated }, {
          data: "l",
          full: isStream ? 1 : 4,
          truncated: !isStream,
        });
        const hasName = !isStream && kind !== "unnamed";
        assertEquals(cut.fromAddress, hasName ? sender.localAddress : null);
        assertEquals(cut.from, hasName ? sender.localAddr : null);
        if (isStream) assertEquals(contents(await receive(receiver, way, {})).data, "ong");

        await answer(pair, cut, way);
        sender.sendSync({ data: bytes("on") });
        assertEquals(contents(await receive(receiver, way, {})).data, "on");
      });
    }
  }
}

const GONE = [["path", Deno.errors.NotFound], ["abstract", Deno.errors.ConnectionRefused]] as const;

for (const [kind, gone] of GONE) {
  linuxTest(`an answer to a sender that has ended says so, its name being ${kind}`, async () => {
    using dir = tempDir();
    using pair = await connect("dgram", kind, dir);
    pair.sender.sendSync({ data: bytes("a") });
    using message = pair.receiver.receiveSync();
    const to = message?.from;
    assert(to);
    pair.sender.close();
    assertThrows(() => pair.receiver.sendSync({ data: bytes("b"), to }), gone);
    await assertRejects(() => pair.receiver.send({ data: bytes("b"), to }), gone);
    using other = unix.socket();
    await other.send({ data: bytes("c"), files: [0], to: dir.join("server") });
    assertEquals(contents(await receive(pair.receiver, "receive", { files: 1 })), {
      data: "c",
      files: 1,
      fullLength: 1,
    });
  });
}
