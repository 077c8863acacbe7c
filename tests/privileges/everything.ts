/**
 * Uses all of the module, in the folder it is given; without FFI permission, once the library is loaded, where
 * the second argument says so. Every request for a permission is reported.
 *
 * @module
 */

import { dial, Listener, Msghdr, OwnedFd, recvmsg, sendmsg, Socket, unix } from "../../mod.ts";

for (const method of ["request", "requestSync"] as const) {
  Object.defineProperty(Deno.permissions, method, {
    value: (descriptor: Deno.PermissionDescriptor) => {
      console.log("asks for", descriptor);
      throw new Error("The module must not ask");
    },
  });
}

const [folder = "", revoke] = Deno.args;
if (revoke === "revoke") {
  unix.load();
  Deno.permissions.revokeSync({ name: "ffi" });
}
const data = new TextEncoder().encode("data");

async function exchange(a: Socket, b: Socket): Promise<void> {
  using file = OwnedFd.memfd("file", data);
  const receiving = b.receive({ files: 1 }); // waits
  await new Promise((resolve) => setTimeout(resolve, 1));
  await a.send({ data, files: [file] });
  using message = await receiving;
  if (message?.files[0]?.kind() !== "memfd") throw new Error("No descriptor came");
  using out = new Msghdr();
  out.addVector(data);
  unix.addFiles(out, file);
  await sendmsg(b, out);
  using into = new Msghdr();
  into.addVector(new Uint8Array(9));
  unix.allocFiles(into, 1);
  await recvmsg(a, into);
  for (const it of unix.recvFiles(into)) it.close();
}

for (const type of ["stream", "seqpacket"] as const) {
  for (const path of [`${folder}/${type}`, `${folder}/${"d".repeat(120)}/${type}`]) {
    const mode = 0o600;
    unix.listen(path, { type, unlinkOnClose: false }).close();
    using listener = unix.listen(path, { type, mode, replaceStale: true });
    using client = await unix.connect(path, { type });
    using server = await listener.accept();
    await exchange(client, server);
    server.peerCredentials();
    server.peerPidfd().close();
    server.peerGroups();
    [server.localAddr, server.remoteAddr, listener.addr, server.bytesAvailable];
    server.passCredentials = true;
    await client.closeWrite();
    await server.readable.cancel();
  }
}
{
  using inbox = unix.bind(`${folder}/inbox`, { mode: 0o600 });
  using sender = unix.bind("");
  await sender.send({ data, to: `${folder}/inbox` });
  await inbox.receive();
}
{
  const [a, b] = unix.socketpair();
  using adopted = Socket.adopt(a.detach());
  using owned = OwnedFd.adopt(b.detach());
  using again = owned.asSocket();
  await exchange(adopted, again);
}
{
  const listener = unix.listen(`${folder}/dialled`);
  using adopted = Listener.adopt(listener.detach());
  using client = await dial("unix", `${folder}/dialled`);
  using server = unix.acceptSync(adopted);
  await client.write(data);
  await server.read(new Uint8Array(9));
}
{
  using file = OwnedFd.open(`${folder}/file`, { read: true, write: true, create: true });
  await file.write(data);
  file.statSync();
  using copy = file.dup();
  await copy.read(new Uint8Array(9));
}
console.log(`done with ${unix.reactorBackend()}`);
