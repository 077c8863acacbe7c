/**
 * The identity of a socket's peer, and the amount of data under way.
 *
 * @module
 */

import type { Credentials } from "../message/cmsg.ts";
import { type OwnedFd, ownFd } from "./owned_fd.ts";
import { SocketOptions } from "./socket_options.ts";
import * as options from "../socket/options.ts";
import * as peer from "../socket/peer.ts";

/**
 * The identity of a socket's peer: the part of `Socket` that only reads.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const path = `${Deno.makeTempDirSync()}/app.sock`;
 * using listener = unix.listen(path);
 * using client = await unix.connect(path);
 * using server = await listener.accept();
 * console.log(server.peerCredentials(), client.bytesAvailable);
 * ```
 */
export abstract class PeerIdentity extends SocketOptions {
  /**
   * Return the credentials of the peer when the connection was made: process, user and group (SO_PEERCRED,
   * unix(7)). On the connecting side they are those of the process that called listen(2).
   *
   * @throws {Deno.errors.NotConnected} If the socket is not connected.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const path = `${Deno.makeTempDirSync()}/app.sock`;
   * using listener = unix.listen(path);
   * using client = await unix.connect(path);
   * using server = await listener.accept();
   * assertEquals(server.peerCredentials().uid, Deno.uid());
   * console.log(client.type);
   * ```
   */
  peerCredentials(): Credentials {
    return peer.peerCredentials(this.fd);
  }

  /**
   * Return a descriptor for the peer process (SO_PEERPIDFD, Linux 6.5): unlike its process ID, which the kernel
   * reuses, it never refers to another process.
   *
   * @throws {Deno.errors.NotFound} If that process has ended and is gone; since Linux 6.16 the descriptor of
   * such a process is returned, which is readable at once.
   * @throws {Deno.errors.NotSupported} If the kernel has none.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * try {
   *   using process = a.peerPidfd();
   *   console.log(process.kind()); // "pidfd": `ready("read")` waits for the end of the process
   * } catch (error) {
   *   if (!(error instanceof Deno.errors.NotSupported)) throw error;
   * }
   * ```
   */
  peerPidfd(): OwnedFd {
    return ownFd(peer.peerPidfd(this.fd));
  }

  /**
   * Return the supplementary groups of the peer when the connection was made (SO_PEERGROUPS, Linux 4.13).
   *
   * @throws {Deno.errors.NotSupported} If the system is not Linux.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * if (Deno.build.os === "linux") console.log(a.peerGroups());
   * ```
   */
  peerGroups(): number[] {
    return peer.peerGroups(this.fd);
  }

  /**
   * Return the security label of the peer (SO_PEERSEC).
   *
   * @throws {Deno.errors.NotSupported} If the kernel has none.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * try {
   *   console.log(a.peerSecurity());
   * } catch (error) {
   *   if (!(error instanceof Deno.errors.NotSupported)) throw error; // neither SELinux nor AppArmor
   * }
   * ```
   */
  peerSecurity(): string {
    return peer.peerSecurity(this.fd);
  }

  /**
   * The number of bytes that wait to be read (SIOCINQ): on a datagram socket, those of the next message.
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   * import { assertEquals } from "@std/assert";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * a.writeSync(new Uint8Array(3));
   * assertEquals(b.bytesAvailable, 3);
   * ```
   */
  get bytesAvailable(): number {
    return options.bytesAvailable(this.fd);
  }

  /**
   * The memory that sent but unread data takes, in bytes, the kernel's overhead included (SIOCOUTQ).
   *
   * @example
   * ```ts
   * import { unix } from "@denet/unix";
   *
   * const [a, b] = unix.socketpair();
   * using _a = a;
   * using _b = b;
   * a.writeSync(new Uint8Array(3));
   * console.log(a.bytesUnsent > 0);
   * ```
   */
  get bytesUnsent(): number {
    return options.bytesUnsent(this.fd);
  }
}
