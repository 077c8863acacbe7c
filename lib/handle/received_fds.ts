/**
 * The descriptors that arrive in control messages, owned from the first moment.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { setCloseOnExec } from "../../ffi/syscalls/files.ts";
import { controlStart, nextControl } from "../message/cmsg.ts";
import { type OwnedFd, ownFd } from "./owned_fd.ts";
import type { IncomingControl } from "../message/control.ts";

/** The descriptors of one receive. */
export interface Received {
  /** The passed ones (SCM_RIGHTS), in the order they were sent, if any were. */
  files: OwnedFd[] | undefined;
  /** That of the sending process (SCM_PIDFD). */
  pidfd: OwnedFd | undefined;
}

/** The walk through the control messages of one call: calls never overlap. */
const position = controlStart();

/**
 * Find the descriptors among control messages, and own them before anything else can go wrong. `into`
 * must be empty.
 */
export function takeOver(control: IncomingControl, into: Received): void {
  const fd = control.soleDescriptor;
  // Pushing it would make room for sixteen more.
  if (fd >= 0) into.files = [ownReceived(fd)];
  else if (control.arrived > 0) takeOverAll(control, into);
}

function takeOverAll({ arrived, view }: IncomingControl, into: Received): void {
  const { SOL_SOCKET, SCM_RIGHTS, SCM_PIDFD } = platform;
  position.next = 0;
  while (nextControl(position, view, arrived, platform)) {
    const { level, type, start, end } = position;
    if (level !== SOL_SOCKET || (type !== SCM_RIGHTS && type !== SCM_PIDFD)) continue;
    for (let offset = start; offset + 4 <= end; offset += 4) {
      const fd = view.getInt32(offset, true);
      // Where the kernel could not make a process descriptor, a negative number stands in its place.
      if (fd < 0) continue;
      const file = ownReceived(fd);
      if (type === SCM_RIGHTS) {
        (into.files ??= []).push(file);
      } else {
        into.pidfd?.close();
        into.pidfd = file;
      }
    }
  }
}

/** Systems without MSG_CMSG_CLOEXEC deliver inheritable descriptors. */
function ownReceived(fd: number): OwnedFd {
  if (platform.MSG_CMSG_CLOEXEC === 0) setCloseOnExec(fd, true);
  return ownFd(fd);
}

/** Close every descriptor of a receive that nobody took. */
export function closeReceived(received: Received): void {
  const { files, pidfd } = received;
  if (files === undefined && pidfd === undefined) return;
  received.files = undefined;
  received.pidfd = undefined;
  files?.forEach((file) => file.close());
  pidfd?.close();
}
