/**
 * Acting for another user on this thread alone, as root may.
 *
 * @module
 */

import { failure, libc } from "./libc.ts";

/** A user, as the kernel reports it of a peer. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

// The C library's functions of these names change all threads.
const NUMBERS = Deno.build.arch === "x86_64"
  ? { setgroups: 116n, setresuid: 117n, setresgid: 119n }
  : { setgroups: 159n, setresuid: 147n, setresgid: 149n };

const KEEP = -1;

/** Return this process's user. */
export function ownIdentity(): Identity {
  const { geteuid, getegid, getgroups } = libc();
  const groups = new Uint32Array(65536);
  const count = getgroups(groups.length, new Uint8Array(groups.buffer));
  return { uid: geteuid(), gid: getegid(), groups: [...groups.subarray(0, Math.max(count, 0))] };
}

let own: Identity | undefined;

/**
 * Run a function as another user: everything in it must be synchronous.
 *
 * @throws {Error} If this process may not.
 */
export function actAs<T>(identity: Identity, action: () => T): T {
  own ??= ownIdentity();
  try {
    setGroups(identity.groups);
    setIds(NUMBERS.setresgid, identity.gid);
    setIds(NUMBERS.setresuid, identity.uid);
    return action();
  } finally {
    setIds(NUMBERS.setresuid, own.uid);
    setIds(NUMBERS.setresgid, own.gid);
    setGroups(own.groups);
  }
}

function setIds(number: bigint, id: number): void {
  const result = libc().setThreadIds(number, KEEP, id | 0, KEEP);
  if (result < 0) throw failure("act for the client", 1);
}

function setGroups(groups: readonly number[]): void {
  const list = new Uint8Array(new Uint32Array(groups).buffer);
  const result = libc().setThreadGroups(NUMBERS.setgroups, BigInt(groups.length), list);
  if (result < 0) throw failure("act for the client", 1);
}
