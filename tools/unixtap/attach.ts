/**
 * `unixtap attach`: in place of a socket whose server goes on.
 *
 * Our socket is bound beside the server's, as `.NAME.unixtap`, and the two files are exchanged by renameat2(2):
 * at no time is there no socket at the path. At the end the server's is renamed back over ours. After a
 * `kill -9` ours is a dead file at the path, and the server's still lies beside it: that is how the next start
 * knows.
 *
 * @module
 */

import { unix } from "../../mod.ts";
import { codeOf, printable } from "../cli/text.ts";
import { exchange, isSameFile, type PathInfo, pathInfo, remove, rename } from "../native/files.ts";
import { bindEntrance, isRoot, rightsFor } from "./entrance.ts";
import type { Options } from "./options.ts";
import { checkedAsClient, refusalFor } from "./places.ts";
import { NAME, type Place } from "./session.ts";
import { print, UsageError, warn } from "../cli/run.ts";
import { isAbstract } from "./target.ts";

/** Return where the server's socket is meanwhile. */
function besideOf(path: string): string {
  const slash = path.lastIndexOf("/") + 1;
  return `${path.slice(0, slash)}.${path.slice(slash)}.unixtap`;
}

/**
 * Whether a socket is behind a path. Another type is asked for than servers usually have: they notice nothing.
 * A datagram socket that is connected to another, and one of another user, refuse, but are there.
 */
function isAlive(path: string): boolean {
  try {
    unix.connectSync(path, { type: "dgram" }).close();
    return true;
  } catch (error) {
    return !["ENOENT", "ECONNREFUSED"].includes(codeOf(error) ?? "");
  }
}

/**
 * Put a server's socket back that a killed unixtap has left beside its path; whether there was one.
 *
 * @throws {Error} If an unixtap is attached there that is still running.
 */
function putBack(path: string): boolean {
  const beside = besideOf(path);
  if (pathInfo(beside, false)?.kind !== "socket") return false;
  const pathIsAlive = isAlive(path);
  if (pathIsAlive && isAlive(beside)) {
    throw new Error(`Cannot attach to "${path}": another unixtap is attached to it`);
  }
  if (pathIsAlive) {
    remove(beside); // the server has begun anew
    return false;
  }
  rename(beside, path, true);
  return true;
}

/**
 * Put a socket back; the exit code.
 *
 * @throws {Error} If there is nothing to put back.
 */
export function restore(path: string): number {
  if (putBack(path)) {
    print(`put "${printable(path)}" back`);
    return 0;
  }
  throw new Error(`Cannot put "${path}" back: no socket of a killed unixtap is beside it`);
}

/** How often the path is looked at, in milliseconds. */
const LOOK_INTERVAL = 500;

function isServed(path: string): boolean {
  return pathInfo(path, false)?.kind === "socket" && isAlive(path);
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL));
}

/** Take the place of a socket; with `--keep-going`, of one that is not there yet. */
export async function attachTo(path: string, options: Options, stop: AbortSignal): Promise<Place> {
  if (isAbstract(path)) {
    throw new UsageError(`Cannot attach to "${printable(path)}": an abstract name cannot be moved`);
  }
  if (putBack(path)) {
    warn(NAME, `put "${printable(path)}" back, which a killed one had taken`);
  }
  if (options.keepGoing && pathInfo(path, false) === undefined) {
    warn(NAME, `waiting for "${printable(path)}"`);
    for (; !isServed(path); await pause()) stop.throwIfAborted();
  }
  const found = pathInfo(path, false);
  if (found?.kind === "link") {
    throw new Error(`Cannot attach to "${path}": it is a symbolic link; give what it leads to`);
  }
  if (found !== undefined && found.kind !== "socket") {
    throw new Error(`Cannot attach to "${path}": it is no socket`);
  }
  const asClient = checkedAsClient({ ...options, asClient: options.asClient || isRoot() });
  return new Attachment(path, options, asClient);
}

class Attachment implements Place {
  readonly listen: string;
  readonly target: string;
  readonly output = "-";
  readonly asClient: boolean;
  readonly refusal: Place["refusal"];
  readonly #options: Options;
  /** Our socket's file, once it is at the path. */
  #own: PathInfo | undefined;

  constructor(path: string, options: Options, asClient: boolean) {
    this.listen = path;
    this.target = besideOf(path);
    this.asClient = asClient;
    this.#options = options;
    this.refusal = refusalFor(options, asClient);
  }

  get asked(): string {
    return this.#own === undefined ? this.listen : this.target;
  }

  open(type: Parameters<Place["open"]>[0]): ReturnType<Place["open"]> {
    const { mode, owner: uid, group: gid, backlog } = this.#options;
    const rights = rightsFor({ mode, uid, gid }, this.listen);
    const socket = bindEntrance(this.target, { type, backlog, replace: true, rights });
    try {
      const own = pathInfo(this.target, false);
      exchange(this.listen, this.target);
      this.#own = own;
      return [socket];
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /**
   * Resolves when the path is no longer ours and another socket is there to attach to.
   *
   * @throws {Error} If that is not wanted.
   */
  async replaced(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await pause();
      const found = pathInfo(this.listen, false);
      if (isSameFile(found, this.#own)) continue;
      if (!this.#options.keepGoing) {
        const why = found === undefined ? "it was removed" : "its server has begun anew";
        throw new Error(`Cannot stay attached to "${this.listen}": ${why}`);
      }
      if (!isServed(this.listen)) continue;
      this.#own = undefined;
      remove(this.target); // the socket of the server that has ended
      return;
    }
  }

  close(): void {
    const own = this.#own;
    this.#own = undefined;
    if (own === undefined) return;
    const found = pathInfo(this.listen, false);
    // A server that has ended and removed its path left it so.
    if (isSameFile(found, own) || (found === undefined && isAlive(this.target))) {
      if (pathInfo(this.target, false) !== undefined) rename(this.target, this.listen, true);
    } else remove(this.target);
  }
}
