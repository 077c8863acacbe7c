/**
 * Where clients come in: the sockets that unixtap listens on, and the rights on them.
 *
 * @module
 */

import { Listener, Socket, type SocketType, unix } from "../../mod.ts";
import { listenFds } from "../../lib/systemd/mod.ts";
import { bound } from "../cli/bound.ts";
import { changeMode, changeOwner, pathInfo } from "../native/files.ts";
import { ownIdentity } from "../native/identity.ts";
import { isAbstract } from "./target.ts";

/** Rights on a socket file. */
export interface Rights {
  readonly mode: number;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/** Whether this process is root's, which may change the owner of files and act as other users. */
export function isRoot(): boolean {
  return ownIdentity().uid === 0;
}

const OWNER_ONLY = 0o600;

/** What the user said of the rights. */
export type GivenRights = { readonly [K in keyof Rights]: Rights[K] | undefined };

/** Return the rights to give: those that the user wants, and else those of the target. */
export function rightsFor(given: GivenRights, target: string): Rights {
  const found = isAbstract(target) ? undefined : pathInfo(target);
  const { uid, gid } = isRoot() ? found ?? {} : {};
  return {
    mode: given.mode ?? found?.mode ?? OWNER_ONLY,
    uid: given.uid ?? uid,
    gid: given.gid ?? gid,
  };
}

/** How to bind a socket. */
export interface BindPlan {
  readonly type: SocketType;
  readonly backlog: number;
  readonly replace: boolean;
  readonly rights: Rights;
}

/**
 * Bind a socket. Its file gives rights to no other user until its owner and mode are set.
 *
 * @throws {Error} If that fails; nothing is left behind.
 */
export function bindEntrance(
  address: string,
  { type, backlog, replace, rights: { mode, uid, gid } }: BindPlan,
): Listener | Socket {
  const hasFile = !isAbstract(address);
  const isOwners = uid === undefined && gid === undefined;
  // What comes before this option is set has no sender.
  const credentials = { passCredentials: true };
  const options = hasFile
    ? { ...credentials, mode: isOwners ? mode : mode & OWNER_ONLY, replaceStale: replace }
    : credentials;
  const socket = bound<Listener | Socket>(
    address,
    replace,
    () =>
      type === "dgram"
        ? unix.bind(address, options)
        : unix.listen(address, { type, backlog, ...options }),
  );
  try {
    if (hasFile && !isOwners) {
      changeOwner(address, uid, gid);
      changeMode(address, mode);
    }
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

/**
 * Take the sockets over that this process was started with, by LISTEN_FDS.
 *
 * @throws {Error} If one is no Unix socket.
 */
export function inheritedEntrances(): (Listener | Socket)[] {
  const passed = listenFds();
  const sockets = passed.flatMap(({ file }) =>
    file instanceof Listener || (file instanceof Socket && file.type === "dgram") ? [file] : []
  );
  if (sockets.length === passed.length) return sockets;
  for (const { file } of passed) file.close();
  throw new Error("Cannot listen on what LISTEN_FDS brings: it is no Unix socket that listens");
}
