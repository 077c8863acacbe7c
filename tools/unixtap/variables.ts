/**
 * The variables that tell programs their sockets.
 *
 * @module
 */

import { UsageError } from "../cli/run.ts";
import { printable } from "../cli/text.ts";

/** The environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** How a variable names a socket. */
interface Variable {
  /** Whether a socket with this file name is usually told by it. */
  fits(file: string): boolean;
  /** Return the socket that a value names; `undefined` if it names none. */
  read(value: string | undefined, environment: Environment): string | undefined;
  /** Return the value that names a socket. */
  write(path: string): string;
  /** Return the file name for a new socket. */
  file?(target: string): string;
}

/** Replace `%NN` in an address of D-Bus; `undefined` if that makes no text. */
function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const POSTGRES_FILE = /^\.s\.PGSQL\.\d+$/;

const KNOWN: Record<string, Variable> = {
  WAYLAND_DISPLAY: {
    fits: (file) => file.startsWith("wayland-"),
    read: (value, { XDG_RUNTIME_DIR }) => {
      if (value?.startsWith("/")) return value;
      return XDG_RUNTIME_DIR && `${XDG_RUNTIME_DIR}/${value ?? "wayland-0"}`;
    },
    write: (path) => path,
  },
  DBUS_SESSION_BUS_ADDRESS: {
    fits: (file) => file === "bus" || file.includes("dbus") || file === "system_bus_socket",
    read: (value = "") => {
      const [, kind, name] = /^unix:(?:[^,;]*,)*(path|abstract)=([^,;]+)/.exec(value) ?? [];
      if (name === undefined) return undefined;
      const plain = unescaped(name);
      return plain && `${kind === "abstract" ? "@" : ""}${plain}`;
    },
    write: (path) => `unix:path=${path}`,
  },
  DOCKER_HOST: {
    fits: (file) => file === "docker.sock" || file === "podman.sock",
    read: (value = "unix:///var/run/docker.sock") => /^unix:\/\/(\/.*)$/.exec(value)?.[1],
    write: (path) => `unix://${path}`,
  },
  PGHOST: {
    fits: (file) => POSTGRES_FILE.test(file),
    read: (value, { PGPORT = "5432" }) => {
      const folder = value ?? "/var/run/postgresql";
      return folder.startsWith("/") ? `${folder}/.s.PGSQL.${PGPORT}` : undefined;
    },
    write: (path) => path.slice(0, path.lastIndexOf("/")),
    file: (target) => POSTGRES_FILE.exec(baseName(target))?.[0] ?? ".s.PGSQL.5432",
  },
  SSH_AUTH_SOCK: {
    fits: (file) => /^agent\.\d+$/.test(file) || file.includes("ssh"),
    read: (value) => value,
    write: (path) => path,
  },
};

/** Any other variable names a path, or has one behind "unix:". */
const OTHER: Variable = {
  fits: () => false,
  read: (value) => value?.replace(/^unix:(?:\/\/(?=\/))?/, ""),
  write: (path) => path,
};

/** The variables by the protocols that `--as` names. */
const BY_PROTOCOL: Record<string, string> = {
  wayland: "WAYLAND_DISPLAY",
  dbus: "DBUS_SESSION_BUS_ADDRESS",
  http: "DOCKER_HOST",
  postgres: "PGHOST",
};

/** A target, and how a command is told the socket in front of it. */
export interface ToldTarget {
  readonly target: string;
  /** The file name of the socket to make. */
  readonly file: string;
  /** The variable that tells of it. */
  readonly name: string;
  /** Return the variable's value for the socket's path. */
  value(path: string): string;
}

/**
 * Find out what the target is, and which variable is to tell of the socket.
 *
 * @throws {UsageError} If that is not clear.
 */
export function toldTarget(
  given: string | undefined,
  env: string | undefined,
  protocol: string,
  environment: Environment,
): ToldTarget {
  const name = env ?? BY_PROTOCOL[protocol] ?? (given && nameFor(given, environment));
  if (name === undefined || name === "") {
    const what = given === undefined ? "TARGET or --env" : "--env";
    throw new UsageError(`Give ${what}: no variable is known to tell COMMAND its socket`);
  }
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    throw new UsageError(`Cannot use "${printable(name)}" for --env: it is no name of a variable`);
  }
  const variable = KNOWN[name] ?? OTHER;
  const target = given ?? variable.read(environment[name], environment);
  if (target === undefined || target === "") {
    throw new UsageError(`Give TARGET: ${name} names no Unix socket`);
  }
  const file = variable.file?.(target) ?? (baseName(target) || "socket");
  return { target, file, name, value: (path) => variable.write(path) };
}

function nameFor(target: string, environment: Environment): string | undefined {
  const file = baseName(target);
  const named = Object.keys(KNOWN).find((it) =>
    environment[it] !== undefined && KNOWN[it]?.read(environment[it], environment) === target
  );
  return named ?? Object.keys(KNOWN).find((it) => KNOWN[it]?.fits(file));
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/^[@\0]+/, "");
}
