/**
 * Descriptors of ours in Node's modules, and clients and servers of Node and Deno on our sockets.
 *
 * @module
 */

import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { assert, assertEquals } from "@std/assert";
import { type Socket, unix } from "../../mod.ts";
import { noLeaks } from "../util/descriptors.ts";
import { testWith } from "../util/peers.ts";
import { startProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";
import { pattern } from "./peer.ts";
import { readToEnd } from "../util/sockets.ts";

Deno.test(
  "detach() hands a connection to net.Socket({ fd })",
  noLeaks(async () => {
    using dir = tempDir();
    using listener = unix.listen(dir.join("s"));
    using client = await unix.connect(dir.join("s"));
    const accepted = await listener.accept();
    const socket = new net.Socket({ fd: accepted.detach(), allowHalfOpen: true });
    const data = pattern(300_001);

    const received: Uint8Array[] = [];
    socket.on("data", (chunk: Uint8Array) => received.push(chunk));
    const ended = once(socket, "end");
    await client.send({ data });
    client.shutdown("write");
    await ended;
    assertEquals(new Uint8Array(await new Blob(received as BlobPart[]).arrayBuffer()), data);
    const closed = once(socket, "close");
    socket.end(data);
    assertEquals(await readToEnd(client), data);
    await closed;
  }),
);

Deno.test(
  "detach() hands both ends of a pair to net.Socket({ fd })",
  noLeaks(async () => {
    const [a, b] = unix.socketpair();
    const [left, right] = [a, b].map((it) => new net.Socket({ fd: it.detach() }));
    assert(left && right);
    left.write("ping");
    assertEquals(String((await once(right, "data"))[0]), "ping");
    const closed = [once(left, "close"), once(right, "close")];
    right.resume();
    left.end();
    await once(right, "end");
    right.end();
    left.resume();
    await Promise.all(closed);
  }),
);

/** Fetch a path over a connection of ours, in HTTP/1.1. */
async function get(socket: Socket, path: string): Promise<string> {
  using _socket = socket;
  const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
  await socket.send({ data: new TextEncoder().encode(request) });
  return new TextDecoder().decode(await readToEnd(socket));
}

Deno.test(
  "detach() hands a listener to an http server's listen({ fd })",
  noLeaks(async () => {
    using dir = tempDir();
    const path = dir.join("s");
    const server = http.createServer((request, response) => response.end(`path ${request.url}`));
    server.listen({ fd: unix.listen(path).detach() });
    await once(server, "listening");
    for (let i = 0; i < 5; i++) {
      const answer = await get(await unix.connect(path), `/${i}`);
      assert(answer.startsWith("HTTP/1.1 200 OK\r\n") && answer.includes(`path /${i}`), answer);
    }
    const text = await new Promise<string>((resolve, reject) => {
      const request = http.get({ socketPath: path, path: "/node" }, async (response) => {
        let body = "";
        for await (const chunk of response) body += chunk;
        resolve(body);
      });
      request.on("error", reject);
    });
    assertEquals(text, "path /node");
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }),
);

Deno.test(
  "a net.Server listens on a listener of ours by listen({ fd })",
  noLeaks(async () => {
    using dir = tempDir();
    const server = net.createServer((socket) => socket.resume().end("hello"));
    server.listen({ fd: unix.listen(dir.join("s")).detach() });
    await once(server, "listening");
    using client = await unix.connect(dir.join("s"));
    assertEquals(new TextDecoder().decode(await readToEnd(client)), "hello");
    client.close();
    server.close();
    await once(server, "close");
  }),
);

async function writeAll(conn: Deno.Conn, data: Uint8Array): Promise<void> {
  for (let done = 0; done < data.byteLength;) done += await conn.write(data.subarray(done));
}

async function readExactly(conn: Deno.Conn, length: number): Promise<Uint8Array> {
  const data = new Uint8Array(length);
  for (let done = 0; done < length;) done += await conn.read(data.subarray(done)) ?? length;
  return data;
}

Deno.test(
  "connect() and listen() exchange data with Deno's own unix sockets, in both directions",
  noLeaks(async () => {
    using dir = tempDir();
    const data = pattern(300_001);
    const pairs: [() => Promise<Deno.Conn>, () => Promise<Deno.Conn>][] = [];
    using denoListener = Deno.listen({ transport: "unix", path: dir.join("deno") });
    using listener = unix.listen(dir.join("ours"));
    pairs.push([() => unix.connect(dir.join("deno")), () => denoListener.accept()]);
    pairs.push([
      () => Deno.connect({ transport: "unix", path: dir.join("ours") }),
      () => listener.accept(),
    ]);
    for (const [connect, accept] of pairs) {
      using client = await connect();
      using server = await accept();
      for (const [from, to] of [[client, server], [server, client]] as const) {
        const written = writeAll(from, data);
        assertEquals(await readExactly(to, data.byteLength), data);
        await written;
      }
    }
  }),
);

Deno.test(
  "Deno.serve() and fetch() with a Unix address work with our connections",
  noLeaks(async () => {
    using dir = tempDir();
    const path = dir.join("s");
    await using _server = Deno.serve(
      { path, onListen: () => {} },
      (request) => new Response(new URL(request.url).pathname),
    );
    const answer = await get(await unix.connect(path), "/served");
    assert(answer.includes("/served"), answer);
  }),
);

testWith(
  "node",
  "Node itself connects to listen() and is reached by connect()",
  noLeaks(async () => {
    using dir = tempDir();
    const script = `
      const net = require("node:net");
      const echo = (socket) => socket.pipe(socket);
      net.createServer(echo).listen(process.argv[1], () => {
        console.log("listening");
        process.stdin.once("data", () => echo(net.connect(process.argv[2])));
      });`;
    await using child = startProcess("node", {
      args: ["-e", script, dir.join("node"), dir.join("ours")],
    });
    assertEquals(await child.readLine(), "listening");
    using listener = unix.listen(dir.join("ours"));
    await child.writeLine("connect");
    using accepted = await listener.accept();
    using connected = await unix.connect(dir.join("node"));
    const data = pattern(300_001);
    for (const socket of [accepted, connected]) {
      const sent = socket.send({ data }).then(() => socket.shutdown("write"));
      assertEquals(await readToEnd(socket), data);
      await sent;
    }
  }),
);
