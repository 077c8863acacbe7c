/**
 * Exchanges with socat, as it is used in shells.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Socket, unix } from "../../mod.ts";
import { noLeaks } from "../util/descriptors.ts";
import { testWith } from "../util/peers.ts";
import { type LineProcess, startProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";
import { readToEnd } from "../util/sockets.ts";

const { SOCK_SEQPACKET } = unix.constants;

/** Start socat between its standard streams and an address. */
function socat(address: string, ...options: string[]): LineProcess {
  return startProcess("socat", { args: ["-t0.1", ...options, "-", address] });
}

/** Connect to a server that is just starting. */
async function connectOnceThere(...args: Parameters<typeof unix.connect>): Promise<Socket> {
  for (;;) {
    try {
      return await unix.connect(...args);
    } catch (error) {
      const isEarly = error instanceof Deno.errors.NotFound ||
        error instanceof Deno.errors.ConnectionRefused;
      if (!isEarly) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** Say something in both directions, and end from here. */
async function converse(socket: Socket, child: LineProcess): Promise<void> {
  await child.writeLine("from socat");
  using message = await socket.receive();
  assertEquals(new TextDecoder().decode(message?.data), "from socat\n");
  await socket.send({ data: new TextEncoder().encode("from here\n") });
  assertEquals(await child.readLine(), "from here");
}

const name = (): string => `denet-${crypto.randomUUID()}`;

for (const [type, option] of [["stream", ""], ["seqpacket", `,type=${SOCK_SEQPACKET}`]] as const) {
  testWith(
    "socat",
    `listen() is reached by socat: ${type}, by path and by abstract name`,
    noLeaks(async () => {
      using dir = tempDir();
      const abstract = name();
      const ways = [[dir.join("s"), `UNIX-CONNECT:${dir.join("s")}`], [
        `@${abstract}`,
        `ABSTRACT-CONNECT:${abstract}`,
      ]] as const;
      for (const [address, target] of ways) {
        using listener = unix.listen(address, { type });
        await using child = socat(target + option);
        using socket = await listener.accept();
        await converse(socket, child);
        assertEquals(socket.peerCredentials().pid, child.pid);
        socket.close();
        assertEquals((await child.status).code, 0);
      }
    }),
  );

  testWith(
    "socat",
    `connect() reaches socat: ${type}, by path and by abstract name`,
    noLeaks(async () => {
      using dir = tempDir();
      const abstract = name();
      const ways = [[dir.join("s"), `UNIX-LISTEN:${dir.join("s")}`], [
        `@${abstract}`,
        `ABSTRACT-LISTEN:${abstract}`,
      ]] as const;
      for (const [address, target] of ways) {
        await using child = socat(target + option);
        using socket = await connectOnceThere(address, { type });
        await converse(socket, child);
        socket.close();
        assertEquals((await child.status).code, 0);
      }
    }),
  );
}

testWith(
  "socat",
  "bind() receives socat's datagrams, and answers where it has a name",
  noLeaks(async () => {
    using dir = tempDir();
    using inbox = unix.bind(dir.join("ours"));
    await using child = socat(`UNIX-SENDTO:${dir.join("ours")},bind=${dir.join("theirs")}`);
    await child.writeLine("question");
    using message = await inbox.receive();
    assertEquals(new TextDecoder().decode(message?.data), "question\n");
    assertEquals(message?.from?.path, dir.join("theirs"));
    await inbox.send({ data: new TextEncoder().encode("answer\n"), to: message?.from?.path ?? "" });
    assertEquals(await child.readLine(), "answer");
  }),
);

testWith(
  "socat",
  "send() reaches socat's datagram socket",
  noLeaks(async () => {
    using dir = tempDir();
    await using child = socat(`UNIX-RECV:${dir.join("theirs")}`, "-U");
    using socket = await connectOnceThere(dir.join("theirs"), { type: "dgram" });
    for (const text of ["one", "two"]) {
      await socket.send({ data: new TextEncoder().encode(`${text}\n`) });
      assertEquals(await child.readLine(), text);
    }
  }),
);

testWith(
  "socat",
  "a large transfer through socat arrives whole",
  noLeaks(async () => {
    using dir = tempDir();
    using listener = unix.listen(dir.join("ours"));
    await using _child = startProcess("socat", {
      args: [`UNIX-LISTEN:${dir.join("theirs")}`, `UNIX-CONNECT:${dir.join("ours")}`],
    });
    using client = await connectOnceThere(dir.join("theirs"));
    using server = await listener.accept();
    const text = "0123456789abcdef".repeat(100_000);
    const sent = client.send({ data: new TextEncoder().encode(text) })
      .then(() => client.shutdown("write"));
    assertEquals(new TextDecoder().decode(await readToEnd(server)), text);
    await sent;
  }),
);
