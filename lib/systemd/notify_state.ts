/**
 * The messages of sd_notify(3): a codec without input or output.
 *
 * @module
 */

import { checkedFlag, flawOf, shown } from "../errors.ts";
import type { FileLike } from "../fd/file_like.ts";

/**
 * What to tell the service manager.
 *
 * @example
 * ```ts
 * import { notify, type NotifyState } from "@denet/unix/systemd";
 *
 * const state: NotifyState = { ready: true, status: "Serving 3 clients" };
 * console.log(await notify(state)); // false: there is no service manager
 * ```
 */
export interface NotifyState {
  /** The service has started, or has finished reloading: `READY=1`. */
  ready?: boolean;
  /** The service reloads its configuration: `RELOADING=1`, with `MONOTONIC_USEC` as systemd asks for. */
  reloading?: boolean;
  /** The service is about to stop: `STOPPING=1`. */
  stopping?: boolean;
  /** One line for people: `STATUS=…`. */
  status?: string;
  /** Why the service fails, as a positive error number: `ERRNO=…`. */
  errno?: number;
  /** The process id of the service, if it is not this process's: `MAINPID=…`. */
  mainPid?: number;
  /** The service is alive: `WATCHDOG=1`; `"trigger"` says that it is broken: `WATCHDOG=trigger`. */
  watchdog?: boolean | "trigger";
  /** A new interval for the watchdog, in milliseconds: `WATCHDOG_USEC=…`. */
  watchdogInterval?: number;
  /** How much longer starting, reloading or stopping may take, in milliseconds: `EXTEND_TIMEOUT_USEC=…`. */
  extendTimeout?: number;
  /**
   * Open files for the manager to keep while the service restarts: `FDSTORE=1`. They stay open here, and
   * come back through `listenFds` after the restart. At most 253 at once.
   */
  store?: readonly FileLike[];
  /** Let the manager forget the stored files called `name`: `FDSTOREREMOVE=1`. */
  unstore?: boolean;
  /** The name of the files, for `store` and `unstore`: `FDNAME=…`; printable ASCII without a colon, up to 255. */
  name?: string;
  /** Whether the manager drops a stored file that reports an error or hang-up: `FDPOLL=0` if false. */
  poll?: boolean;
  /** Other assignments, as in `{ X_COM_EXAMPLE: "1" }`. */
  extra?: Readonly<Record<string, string>>;
}

/**
 * Return the message for a state.
 *
 * @param monotonic The system's monotonic clock in microseconds, asked for when it is needed.
 * @throws {TypeError} If a value does not fit into a line, or the state says nothing.
 * @throws {RangeError} If a number is out of range.
 */
export function encodeState(state: NotifyState, monotonic: () => bigint): string {
  const lines = [...assignments(state, monotonic)];
  if (lines.length === 0) {
    throw new TypeError("Cannot notify the service manager: the state is empty; set a field of it");
  }
  return lines.map(([variable, value]) => `${variable}=${oneLine(variable, value)}\n`).join("");
}

function* assignments(
  state: NotifyState,
  monotonic: () => bigint,
): Generator<[variable: string, value: string]> {
  const { watchdog, store, name } = state;
  const isSet = (field: Flag): boolean => {
    const { [field]: value = false } = state;
    return checkedFlag(field, value);
  };
  if (isSet("ready")) yield ["READY", "1"];
  if (isSet("reloading")) {
    yield ["RELOADING", "1"];
    yield ["MONOTONIC_USEC", `${monotonic()}`];
  }
  if (isSet("stopping")) yield ["STOPPING", "1"];
  if (state.status !== undefined) yield ["STATUS", state.status];
  if (state.errno !== undefined) yield ["ERRNO", integer("errno", state.errno)];
  if (state.mainPid !== undefined) yield ["MAINPID", integer("mainPid", state.mainPid)];
  if (isAlive(watchdog)) yield ["WATCHDOG", watchdog === true ? "1" : "trigger"];
  if (state.watchdogInterval !== undefined) {
    yield ["WATCHDOG_USEC", microseconds("watchdogInterval", state.watchdogInterval)];
  }
  if (state.extendTimeout !== undefined) {
    yield ["EXTEND_TIMEOUT_USEC", microseconds("extendTimeout", state.extendTimeout)];
  }
  if (store !== undefined) yield ["FDSTORE", "1"];
  if (isSet("unstore")) {
    if (name === undefined) {
      throw new TypeError("Cannot unstore files: their name is missing; set `name`");
    }
    yield ["FDSTOREREMOVE", "1"];
  }
  if (name !== undefined) yield ["FDNAME", fileName(name)];
  if (state.poll !== undefined && !checkedFlag("poll", state.poll)) yield ["FDPOLL", "0"];
  for (const [variable, value] of Object.entries(checkedExtra(state.extra))) {
    if (!/^[A-Z_][A-Z0-9_]*$/.test(variable)) {
      throw new TypeError(`Cannot notify of ${JSON.stringify(variable)}: give a variable's name`);
    }
    yield [variable, value];
  }
}

type Flag = "ready" | "reloading" | "stopping" | "unstore";

/** Whether there is something to say to the watchdog. */
function isAlive(watchdog: unknown): boolean {
  if (watchdog === undefined || watchdog === "trigger") return watchdog !== undefined;
  if (typeof watchdog === "boolean") return watchdog;
  throw new TypeError(
    `Cannot set \`watchdog\` to ${shown(watchdog)}: give true, false or "trigger"`,
  );
}

function checkedExtra(extra: unknown = {}): Readonly<Record<string, string>> {
  if (typeof extra === "object" && extra !== null && !Array.isArray(extra)) {
    return extra as Readonly<Record<string, string>>;
  }
  throw new TypeError(
    `Cannot notify of ${shown(extra)} as \`extra\`: give an object with strings`,
  );
}

/** A line break in the text would start another assignment. */
function oneLine(variable: string, value: string): string {
  if (typeof value !== "string") {
    throw new TypeError(`Cannot notify of ${shown(value)} as ${variable}: give a string`);
  }
  const flaw = value.includes("\n") ? "a line break" : flawOf(value);
  if (flaw === undefined) return value;
  throw new TypeError(
    `Cannot notify of ${variable}=${
      JSON.stringify(value)
    }: it contains ${flaw}; give one line of text`,
  );
}

function integer(field: string, value: number): string {
  if (Number.isInteger(value) && value > 0 && value <= 0x7fffffff) return `${value}`;
  throw new RangeError(`Cannot notify of ${field} ${shown(value)}: give a positive integer`);
}

function microseconds(field: string, milliseconds: number): string {
  const value = typeof milliseconds === "number" ? Math.round(milliseconds * 1000) : NaN;
  if (value > 0 && Number.isSafeInteger(value)) return `${value}`;
  throw new RangeError(
    `Cannot notify of ${field} ${shown(milliseconds)}: give positive milliseconds`,
  );
}

function fileName(name: string): string {
  if (typeof name === "string" && /^[ -9;-~]{0,255}$/.test(name)) return name;
  throw new TypeError(
    `Cannot name stored files ${
      shown(name)
    }: give up to 255 printable ASCII characters without ":"`,
  );
}
