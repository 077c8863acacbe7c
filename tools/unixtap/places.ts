/**
 * The ways between clients and a target: LISTEN TARGET, and the sockets that a parent passed.
 *
 * @module
 */

import { UsageError } from "../cli/run.ts";
import { printable } from "../cli/text.ts";
import { describeProcess, type Process, processText } from "../inspect/process.ts";
import { ownIdentity } from "../native/identity.ts";
import { bindEntrance, inheritedEntrances, isRoot, rightsFor } from "./entrance.ts";
import type { Options } from "./options.ts";
import type { Place } from "./session.ts";

/**
 * Return what decides about clients of other users: the server would take them for this process's. They are
 * refused, unless they are passed on with their own identity or `--mode` says which users may connect.
 */
export function refusalFor(
  { mode }: Pick<Options, "mode">,
  asClient: boolean,
): (client: Process) => string | undefined {
  const own = ownIdentity().uid;
  if (asClient || mode !== undefined) return () => undefined;
  const advice = own === 0 ? "--as-client keeps clients apart" : "--mode lets others in";
  return (client) =>
    client.uid === own || client.uid === 0
      ? undefined
      : `refused ${
        processText(describeProcess(client))
      }: TARGET would take it for uid ${own}; ${advice}`;
}

/**
 * Whether clients are to be passed on as themselves.
 *
 * @throws {UsageError} If they are, but this process cannot.
 */
export function checkedAsClient({ asClient }: Pick<Options, "asClient">): boolean {
  if (!asClient || isRoot()) return asClient;
  throw new UsageError("Cannot take the place of clients for --as-client: only root can");
}

/** Listen at an address. */
export function atAddress(listen: string, target: string, options: Options): Place {
  if (listen === target) throw new UsageError("LISTEN and TARGET cannot be the same");
  const { mode, owner, group, backlog, replace } = options;
  const asClient = checkedAsClient(options);
  return {
    listen,
    target,
    asClient,
    output: "-",
    refusal: refusalFor(options, asClient),
    open: (type) => {
      const rights = rightsFor({ mode, uid: owner, gid: group }, target);
      return [bindEntrance(listen, { type, backlog, replace, rights })];
    },
    close: () => {},
  };
}

/** Listen on what LISTEN_FDS brings. */
export function atInherited(target: string, options: Options): Place {
  const asClient = checkedAsClient(options);
  const entrances = inheritedEntrances();
  if (entrances.length === 0) throw new UsageError("Give LISTEN and TARGET");
  const names = entrances.map((it) => ("addr" in it ? it.addr : it.localAddr).path);
  return {
    listen: names.join(", "),
    target,
    asClient,
    output: "-",
    refusal: refusalFor(options, asClient),
    open: (type) => {
      const wrong = entrances.findIndex((it) => (it.type === "dgram") !== (type === "dgram"));
      if (wrong < 0) return entrances;
      throw new Error(
        `Cannot use "${printable(names[wrong] ?? "")}" for ${type}: it is of another type`,
      );
    },
    close: () => {},
  };
}
