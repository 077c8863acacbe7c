/**
 * The contents of received control messages: descriptors, owned at once, and the sender's credentials.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { setCloseOnExec } from "../../ffi/syscalls/files.ts";
import {
  controlStart,
  type Credentials,
  credentialsAt,
  nextControl,
  UCRED_SIZE,
} from "../message/cmsg.ts";
import { type OwnedFd, ownFd } from "./owned_fd.ts";
import type { IncomingControl } from "../message/control.ts";

/** What came along with one receive. */
export interface Received {
  /** The passed descriptors (SCM_RIGHTS), in the order they were sent, if any were. */
  files: OwnedFd[] | undefined;
  /** That of the sending process (SCM_PIDFD). */
  pidfd: OwnedFd | undefined;
  /** The sender (SCM_CREDENTIALS), as the kernel reports it: also where it reports an unknown one. */
  credentials: Credentials | undefined;
}

/** Return a place for what comes along. */
export function nothingReceived(): Received {
  return { files: undefined, pidfd: undefined, credentials: undefined };
}

/** The walk through the control messages of one call: calls never overlap. */
const position = controlStart();

/**
 * Find the descriptors among control messages, and own them before anything else can fail; find the credentials
 * as well. `into` must have no descriptors.
 */
export function ownReceivedFds(control: IncomingControl, into: Received): void {
  into.credentials = undefined;
  const fd = control.soleDescriptor;
  // `push` would allocate an array of 17 elements.
  if (fd >= 0) into.files = [ownReceived(fd)];
  else if (control.arrived > 0) ownAll(control, into);
}

function ownAll({ arrived, view }: IncomingControl, into: Received): void {
  const { SOL_SOCKET, SCM_RIGHTS, SCM_PIDFD, SCM_CREDENTIALS } = platform;
  position.next = 0;
  while (nextControl(position, view, arrived, platform)) {
    const { level, type, start, end } = position;
    if (level !== SOL_SOCKET) continue;
    if (type === SCM_CREDENTIALS && end - start >= UCRED_SIZE) {
      into.credentials = credentialsAt(view, start);
    }
    if (type !== SCM_RIGHTS && type !== SCM_PIDFD) continue;
    for (let offset = start; offset + 4 <= end; offset += 4) {
      const fd = view.getInt32(offset, true);
      // If the kernel could not make a process descriptor, it delivers a negative number instead.
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

/** Close every descriptor of a receive that was not taken. */
export function closeReceived(received: Received): void {
  const { files, pidfd } = received;
  if (files === undefined && pidfd === undefined) return;
  received.files = undefined;
  received.pidfd = undefined;
  files?.forEach((file) => file.close());
  pidfd?.close();
}
