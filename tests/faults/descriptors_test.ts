/** Every system call on files, options and names fails, with every error of its manual page. */

import { platform } from "../../ffi/platform/mod.ts";
import { closeFd } from "../../ffi/syscalls/files.ts";
import { Listener, OwnedFd, Socket, unix } from "../../mod.ts";
import { DATA, place } from "./place.ts";
import type { Outcome, PlacedFault, Scenario } from "./scenario.ts";
import { testScenarios } from "./suite.ts";
import { pair } from "../util/cases.ts";

type Expect = (fault: PlacedFault, error: string) => Outcome | undefined;

function file(stack: DisposableStack): OwnedFd {
  return stack.use(OwnedFd.memfd("file", DATA));
}

/** Without `/proc` or seals a descriptor is what fstat(2) says: that much can always be told. */
const described: Expect = ({ call }) =>
  call === "readlink" || call === "fcntl" ? "survives" : undefined;

/** fcntl(2) duplicates. */
const duplicated: Expect = ({ call }, error) =>
  call === "fcntl" && error !== "EINTR" ? { syscall: "dup" } : undefined;

const files: Scenario<OwnedFd>[] = [
  {
    name: "OwnedFd.open()",
    prepare: file,
    act: () => OwnedFd.open("/dev/null").close(),
    // A path that would block is no socket that waits.
    expect: ({ call }, error) =>
      call === "open" && error === "EWOULDBLOCK" ? { syscall: "open" } : undefined,
  },
  {
    name: "OwnedFd.memfd()",
    prepare: file,
    act: () => OwnedFd.memfd("sealed", DATA, { seal: true }).close(),
    // What would have to wait is told as it is.
    expect: ({ call }, error) => error === "EAGAIN" ? { syscall: call } : undefined,
  },
  {
    name: "kind()",
    prepare: file,
    act: (it) => it.kind(),
    expect: described,
  },
  { name: "statSync()", prepare: file, act: (it) => it.statSync() },
  { name: "dup()", prepare: file, act: (it) => it.dup().close(), expect: duplicated },
  {
    name: "readSync() and writeSync() of a file",
    prepare: file,
    act: (it) => {
      it.readSync(new Uint8Array(4));
      it.writeSync(DATA);
    },
    // A file is always ready: asked again, it goes on.
    expect: (fault, error) => error === "EAGAIN" ? "survives" : described(fault, error),
  },
  {
    name: "read() and write() of a file",
    prepare: file,
    act: async (it) => {
      await it.read(new Uint8Array(4));
      await it.write(DATA);
    },
    // The error of another thread is out of reach: the call is made again, and fails again or not.
    expect: (fault, error) => {
      if (fault.call === "read" || fault.call === "write") return "survives";
      const isDuplicated = fault.subject.startsWith(`${platform.F_DUPFD_CLOEXEC} `);
      return isDuplicated ? duplicated(fault, error) : described(fault, error);
    },
  },
];

testScenarios("OwnedFd fails cleanly", files);

type Pair = [Socket, Socket];

/** The number of a socket option, as in the subject of a fault. */
function option(
  name: "SO_PASSCRED" | "SO_PEERPIDFD" | "SO_ACCEPTCONN" | "SO_PEEK_OFF",
): string {
  return String(platform[name]);
}

/** `passCredentials` exists on some systems only. */
function notThere({ call, subject }: PlacedFault, error: string): Outcome | undefined {
  const isMissing = call === "setsockopt" && subject === option("SO_PASSCRED") &&
    error === "ENOPROTOOPT";
  return isMissing ? { throws: Deno.errors.NotSupported } : undefined;
}

const optionNames: Scenario<Pair>[] = [
  {
    name: "options",
    prepare: (stack) => pair(stack),
    act: ([a]) => {
      a.sendBufferSize = 65536;
      a.passCredentials = true;
      a.sendTimeout = 100;
      a.receiveTimeout = a.sendTimeout + a.sendBufferSize;
      a.bytesAvailable;
    },
    expect: notThere,
  },
  {
    name: "peer identity",
    prepare: (stack) => pair(stack),
    act: ([a]) => {
      a.peerCredentials();
      a.peerGroups();
      a.peerPidfd().close();
    },
    expect: ({ call, subject }, error) => {
      if (call !== "getsockopt" || subject !== option("SO_PEERPIDFD")) return undefined;
      if (error === "EINVAL") return { throws: Deno.errors.NotFound }; // it has ended
      return error === "ENOPROTOOPT" ? { throws: Deno.errors.NotSupported } : undefined;
    },
  },
  {
    name: "names",
    prepare: (stack) => pair(stack),
    act: ([a]) => {
      a.localAddr;
      a.remoteAddr;
    },
    // A peer that is gone has no name.
    expect: ({ call }, error) =>
      call === "getpeername" && (error === "ENOTCONN" || error === "EINVAL")
        ? "survives"
        : undefined,
  },
  {
    name: "shutdown() and closeWrite()",
    prepare: (stack) => pair(stack),
    act: async ([a]) => {
      a.shutdown("read");
      await a.closeWrite();
    },
  },
];

testScenarios("options and names fail cleanly", optionNames);

/** Give a descriptor up; it is closed with `stack` all the same. */
function ownerless(stack: DisposableStack, owner: Socket | Listener): number {
  const fd = owner.detach();
  stack.defer(() => closeFd(fd));
  return fd;
}

const BELIEVED = [option("SO_ACCEPTCONN"), option("SO_PEEK_OFF")];

/** What cannot be examined is not adopted, and stays open. */
const adopting: Scenario<number>[] = [
  {
    name: "Socket.adopt()",
    prepare: (stack) => ownerless(stack, pair(stack)[0]),
    act: (fd) => void Socket.adopt(fd).detach(),
    expect: ({ call, subject }, error) => {
      // A descriptor that does not tell whether it listens, or where peeks begin, is believed to do as usual.
      const isBelieved = call === "getsockopt" && BELIEVED.includes(subject);
      return isBelieved || error === "EINTR" ? "survives" : { throws: TypeError };
    },
  },
  {
    name: "Listener.adopt()",
    prepare: (stack) => ownerless(stack, unix.listen(place(stack).short)),
    act: (fd) => void Listener.adopt(fd).detach(),
    expect: (_, error) => error === "EINTR" ? "survives" : { throws: TypeError },
  },
];

testScenarios("adopt() fails cleanly", adopting);
