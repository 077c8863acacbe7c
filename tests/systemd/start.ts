/**
 * Starts `service.ts` in the ways a service manager does.
 *
 * @module
 */

import { type LineProcess, startProcess } from "../util/process.ts";
import { ROOT } from "../util/project.ts";

const SERVICE = new URL("service.ts", import.meta.url).href;
const CONFIG = new URL("deno.json", ROOT).pathname;

/** The command that runs the service; `uris` are what it dials. */
export function serviceCommand(...uris: string[]): string[] {
  const options = [
    "run",
    "--quiet",
    "--no-prompt",
    "--config",
    CONFIG,
    "--allow-ffi",
    "--allow-env",
  ];
  return [Deno.execPath(), ...options, SERVICE, ...uris];
}

/**
 * Start the service with descriptors and variables of one's own, by Python, which is not Deno's: `setup`
 * is Python code that has `os`, `socket`, `env`, and `give(file, number)` for what the service inherits.
 */
export function startWith(setup: string, uris: string[] = []): LineProcess {
  const [command = "", ...args] = serviceCommand(...uris);
  const script = `
import fcntl, os, socket, sys
env = dict(os.environ, LISTEN_PID=str(os.getpid()))
given = []
def give(file, number): # first out of the way, as Python's own may have that number
    given.append((fcntl.fcntl(file, fcntl.F_DUPFD, 100), number))
${setup}
for fd, number in given:
    os.dup2(fd, number, inheritable=True)
    os.close(fd)
os.execve(sys.argv[1], sys.argv[1:], env)
`;
  return startProcess("python3", { args: ["-c", script, command, ...args] });
}
