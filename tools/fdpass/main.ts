/**
 * fdpass: hands open files and listening sockets to other programs, from a shell.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import { type Body, printable, run, UsageError } from "../cli.ts";
import { list, runCommand } from "./run.ts";
import { serve } from "./serve.ts";

const HELP = `Usage: fdpass serve [OPTION]… FILE…
       fdpass run [OPTION]… [FILE…] -- COMMAND [ARGUMENT]…
       fdpass list [ADDRESS]

Hand open files and listening sockets to other programs. An address is the path of a Unix socket, or an
abstract name after "@". The default is fdpass.sock in the directory that XDG_RUNTIME_DIR names.

serve opens every FILE, and gives them to whoever connects and may have them:
  -s, --socket ADDRESS  where to serve
      --mode MODE       permission bits of the socket; the default is 600
      --replace         replace a socket file that nobody answers on
      --uid UID         give to this user only; can be repeated; the default is the own one and root
  -1, --once            end once they have been given
  -q, --quiet           do not tell who got them

run takes the files that are served, opens those named here, and becomes COMMAND, which finds them as its
descriptors 3, 4, … and LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES in its environment, as systemd does it:
  -f, --from ADDRESS    where files are served; has its default only if no FILE is named here
  -i, --stdin NAME      make this file the standard input instead
  -o, --stdout NAME     make this file the standard output instead

The file of a socket that run opens stays when COMMAND ends.

list shows what is served. All who got a file share its position.

A FILE is [NAME=][HOW:]WHAT. Without NAME it goes by its last component. HOW is one of
  read:PATH (the default)  write:PATH  append:PATH  update:PATH (read and write)
  listen:ADDRESS  seqpacket:ADDRESS  dgram:ADDRESS (a socket bound there)  fd:N (inherited)

  -h, --help            show this help
  -V, --version         show the version

Ends with 1 when something fails, 2 for a wrong command line, 128 + N after signal N, 127 if there is no
such COMMAND, 126 if it cannot be started, and else as COMMAND does.`;

const COMMANDS: Record<string, Body> = { serve, run: runCommand, list };

function fdpass(args: string[], stop: AbortSignal): Promise<number> {
  const [name, ...rest] = args;
  const options = args.slice(0, args.includes("--") ? args.indexOf("--") : args.length);
  if (options.includes("-h") || options.includes("--help")) return print(HELP);
  if (name === "-V" || name === "--version") return print(`fdpass ${config.version}`);
  if (name === undefined) return refuse("Give a command: serve, run or list");
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command(rest, stop);
  return refuse(`Cannot do "${printable(name)}": the commands are serve, run and list`);
}

function print(text: string): Promise<number> {
  console.log(text);
  return Promise.resolve(0);
}

function refuse(why: string): Promise<never> {
  return Promise.reject(new UsageError(why));
}

await run("fdpass", fdpass);
