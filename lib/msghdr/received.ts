/**
 * What arrives in control messages, owned from the first moment.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { setCloseOnExec } from "../../ffi/syscalls/files.ts";
import { type ControlItem, readDescriptors } from "../cmsg.ts";
import { type OwnedFd, ownFd } from "../fd/owned_fd.ts";

/** The control messages of one receive, and the descriptors among them. */
export interface Received {
  readonly items: readonly ControlItem[];
  readonly files: readonly OwnedFd[];
  /** The descriptor of the sending process (SCM_PIDFD). */
  readonly pidfd: OwnedFd | undefined;
}

/** No control messages. */
export const NOTHING_RECEIVED: Received = { items: [], files: [], pidfd: undefined };

/** Find the descriptors among control messages, and own them before anything else can go wrong. */
export function takeOver(items: readonly ControlItem[]): Received {
  if (items.length === 0) return NOTHING_RECEIVED;
  const files: OwnedFd[] = [];
  let pidfd: OwnedFd | undefined;
  for (const { level, type, data } of items) {
    if (level !== platform.SOL_SOCKET) continue;
    if (type === platform.SCM_RIGHTS) {
      for (const fd of readDescriptors(data)) files.push(ownReceived(fd));
    } else if (type === platform.SCM_PIDFD) {
      // Where the kernel could not make one, a negative number stands in its place.
      for (const fd of readDescriptors(data)) if (fd >= 0) pidfd = ownReceived(fd);
    }
  }
  return { items, files, pidfd };
}

/** Systems without MSG_CMSG_CLOEXEC deliver inheritable descriptors. */
function ownReceived(fd: number): OwnedFd {
  if (platform.MSG_CMSG_CLOEXEC === 0) setCloseOnExec(fd, true);
  return ownFd(fd);
}

/** Close every descriptor of a receive that nobody took. */
export function closeReceived(received: Received): void {
  for (const file of received.files) file.close();
  received.pidfd?.close();
}
