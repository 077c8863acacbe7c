/**
 * The tools, and all that each may do: what their tasks, their compiled forms and their tests give them.
 *
 * @module
 */

/** What a service manager tells. */
const LISTEN = ["LISTEN_FDS", "LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDNAMES"];

/** The permissions of each tool. FFI is all they need for sockets and files: the rest is the environment. */
export const TOOLS = {
  unixtap: ["--allow-ffi", `--allow-env=${["NO_COLOR", "TERM", ...LISTEN].join(",")}`],
  fdpass: ["--allow-ffi", `--allow-env=${["PATH", "XDG_RUNTIME_DIR", ...LISTEN].join(",")}`],
} as const satisfies Record<string, readonly string[]>;

/** The name of a tool. */
export type ToolName = keyof typeof TOOLS;

/** Return the file that a tool starts with. */
export function entryOf(name: ToolName): URL {
  return new URL(`${name}/main.ts`, import.meta.url);
}
