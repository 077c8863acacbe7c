/**
 * What an operating system can do with Unix sockets: each capability is tried, none is looked up.
 *
 * @module
 */

import { Msghdr, OwnedFd, recvmsgSync, sendmsgSync, type Socket, unix } from "../../mod.ts";
import { platform } from "../../ffi/platform/mod.ts";

/** One thing that a system may be able to do. */
export interface Capability {
  /** What it is, in words. */
  readonly name: string;
  /** Try it in `dir`: what was seen, or an exception if the system cannot. */
  attempt(dir: string): string | Promise<string>;
}

const encoder = new TextEncoder();
const byte = new Uint8Array([1]);

function ensure(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

/** Run `use` with a pair of sockets, and close them. */
function withPair<T>(type: unix.SocketType, use: (a: Socket, b: Socket) => T): T {
  const [a, b] = unix.socketpair({ type });
  using _a = a;
  using _b = b;
  return use(a, b);
}

function exchange(type: unix.SocketType): string {
  return withPair(type, (a, b) => {
    a.sendSync({ data: encoder.encode("ab") });
    a.sendSync({ data: encoder.encode("c") });
    using message = b.receiveSync();
    const length = message?.data.byteLength ?? 0;
    ensure(length === 3 || length === 2, "the data did not arrive");
    return length === 3 ? "data is one stream" : "messages keep their boundaries";
  });
}

async function roundTrip(address: unix.Address, connectTo?: unix.Address): Promise<string> {
  using listener = unix.listen(address);
  const reach = connectTo ?? listener.localAddress ?? "";
  using client = await unix.connect(reach);
  using server = await listener.accept();
  await client.write(byte);
  ensure(await server.read(new Uint8Array(1)) === 1, "the data did not arrive");
  return JSON.stringify(listener.addr.path.slice(-24));
}

function peers(use: (accepted: Socket) => string): (dir: string) => string {
  return (dir) => {
    using listener = unix.listen(`${dir}/peer`);
    using client = unix.connectSync(`${dir}/peer`);
    using accepted = listener.acceptSync();
    ensure(client.fd >= 0, "not connected");
    return use(accepted);
  };
}

/** Everything that is tried, in the order of the README's table. */
export const capabilities: readonly Capability[] = [
  { name: "stream sockets", attempt: () => exchange("stream") },
  { name: "seqpacket sockets", attempt: () => exchange("seqpacket") },
  { name: "datagram sockets", attempt: () => exchange("dgram") },
  { name: "path addresses", attempt: (dir) => roundTrip(`${dir}/path`) },
  { name: "abstract addresses", attempt: () => roundTrip(`@probe-${Deno.pid}`) },
  { name: "autobind", attempt: () => roundTrip("") },
  {
    name: "paths longer than sun_path",
    attempt: async (dir) => {
      const long = `${dir}/${"d".repeat(120)}`;
      await Deno.mkdir(long);
      return roundTrip(`${long}/long`);
    },
  },
  {
    name: "passing descriptors",
    attempt: () =>
      withPair("stream", (a, b) => {
        a.sendSync({ data: byte, files: [a, b] });
        using message = b.receiveSync({ files: 2 });
        ensure(message?.files.length === 2, "they did not arrive");
        return "2 of 2 arrived";
      }),
  },
  {
    name: "descriptors without data, on messages",
    attempt: () =>
      withPair("dgram", (a, b) => {
        a.sendSync({ files: [a] });
        using message = b.receiveSync({ files: 1 });
        ensure(message?.files.length === 1, "it did not arrive");
        return "an empty datagram carries one";
      }),
  },
  {
    name: "close-on-exec on arrival",
    attempt: () => {
      ensure(platform.MSG_CMSG_CLOEXEC !== 0, "set afterwards, with a window in between");
      return "MSG_CMSG_CLOEXEC";
    },
  },
  {
    name: "peer credentials",
    attempt: peers((s) => {
      ensure(s.peerCredentials().pid === Deno.pid, "another process than this one");
      return "pid, uid and gid";
    }),
  },
  { name: "peer groups", attempt: peers((s) => `${s.peerGroups().length} groups`) },
  {
    name: "peer process descriptor",
    attempt: peers((s) => {
      using pidfd = s.peerPidfd();
      return pidfd.kind();
    }),
  },
  { name: "peer security label", attempt: peers((s) => JSON.stringify(s.peerSecurity())) },
  {
    name: "credentials with messages",
    attempt: () =>
      withPair("stream", (a, b) => {
        b.passCredentials = true;
        a.sendSync({ data: byte });
        using message = b.receiveSync();
        ensure(message?.credentials?.pid === Deno.pid, "none came");
        return "SCM_CREDENTIALS";
      }),
  },
  {
    name: "process descriptors with messages",
    attempt: () =>
      withPair("stream", (a, b) => {
        b.passPidfd = true;
        a.sendSync({ data: byte });
        using message = b.receiveSync();
        ensure(message?.pidfd?.kind() === "pidfd", "none came");
        return "SCM_PIDFD";
      }),
  },
  {
    name: "refusing descriptors",
    attempt: () =>
      withPair("stream", (a, b) => {
        b.passRights = false;
        try {
          a.sendSync({ data: byte, files: [a] });
        } catch (error) {
          if (error instanceof Deno.errors.PermissionDenied) return "the sender gets EPERM";
        }
        throw new Error("they are accepted all the same");
      }),
  },
  {
    name: "urgent data (MSG_OOB)",
    attempt: () =>
      withPair("stream", (a, b) => {
        using out = new Msghdr();
        out.addVector(byte);
        sendmsgSync(a, out, { flags: platform.MSG_OOB });
        using into = new Msghdr();
        into.addVector(new Uint8Array(1));
        return `${recvmsgSync(b, into, { flags: platform.MSG_OOB })} byte`;
      }),
  },
  {
    name: "mode of the socket file without a window",
    attempt: (dir) => {
      ensure(platform.O_PATH > 0, "set after bind(2), with a window in between");
      using socket = unix.bind(`${dir}/mode`, { mode: 0o640 });
      ensure(socket.fd >= 0, "not bound");
      const mode = (Deno.statSync(`${dir}/mode`).mode ?? 0) & 0o777;
      ensure(mode === 0o640, `the mode is 0o${mode.toString(8)}`);
      return "fchmod(2) before bind(2)";
    },
  },
  {
    name: "memory files with seals",
    attempt: () => {
      using file = OwnedFd.memfd("probe", byte, { seal: true });
      ensure(file.kind() === "memfd", "another kind of file");
      return "memfd_create(2)";
    },
  },
  { name: "waiting: what is in use", attempt: () => unix.reactorBackend() },
];
