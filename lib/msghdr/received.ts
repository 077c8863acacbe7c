/**
 * The descriptors that arrive in control messages, owned from the first moment.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { setCloseOnExec } from "../../ffi/syscalls/files.ts";
import { controlStart, nextControl } from "../cmsg.ts";
import { type OwnedFd, ownFd } from "../fd/owned_fd.ts";
import type { IncomingControl } from "./control.ts";

/** The descriptors of one receive. */
export interface Received {
  /** The passed ones (SCM_RIGHTS), in the order they were sent. */
  readonly files: OwnedFd[];
  /** That of the sending process (SCM_PIDFD). */
  readonly pidfd: OwnedFd | undefined;
}

/** No descriptors. */
export const NOTHING_RECEIVED: Received = Object.freeze({ files: [], pidfd: undefined });

/** The walk through the control messages of one call: calls never overlap. */
const position = controlStart();

/** Find the descriptors among control messages, and own them before anything else can go wrong. */
export function takeOver(control: IncomingControl): Received {
  if (control.arrived === 0) return NOTHING_RECEIVED;
  const { SOL_SOCKET, SCM_RIGHTS, SCM_PIDFD } = platform;
  const { view, arrived } = control;
  let files: OwnedFd[] | undefined;
  let pidfd: OwnedFd | undefined;
  position.next = 0;
  while (nextControl(position, view, arrived, platform)) {
    const { level, type, start, end } = position;
    if (level !== SOL_SOCKET || (type !== SCM_RIGHTS && type !== SCM_PIDFD)) continue;
    for (let offset = start; offset + 4 <= end; offset += 4) {
      const fd = view.getInt32(offset, true);
      // Where the kernel could not make a process descriptor, a negative number stands in its place.
      if (fd < 0) continue;
      if (type === SCM_RIGHTS) {
        const file = ownReceived(fd);
        // Usually it is the only one: pushing it would make room for sixteen more.
        if (files === undefined) files = [file];
        else files.push(file);
      } else {
        pidfd?.close();
        pidfd = ownReceived(fd);
      }
    }
  }
  if (files === undefined && pidfd === undefined) return NOTHING_RECEIVED;
  return { files: files ?? [], pidfd };
}

/** Systems without MSG_CMSG_CLOEXEC deliver inheritable descriptors. */
function ownReceived(fd: number): OwnedFd {
  if (platform.MSG_CMSG_CLOEXEC === 0) setCloseOnExec(fd, true);
  return ownFd(fd);
}

/** Close every descriptor of a receive that nobody took. */
export function closeReceived(received: Received): void {
  if (received === NOTHING_RECEIVED) return;
  for (const file of received.files) file.close();
  received.pidfd?.close();
}
