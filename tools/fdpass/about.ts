/**
 * What fdpass says about itself.
 *
 * @module
 */

import { GENERAL, type Program } from "../cli/program.ts";
import { LIST, OPENING, RUN, SERVE } from "./options.ts";

/** Its help, its manual page and its completions are made of this. */
export const ABOUT: Program = {
  name: "fdpass",
  summary: "hand open files and listening sockets to other programs",
  commands: [
    {
      name: "serve",
      synopsis: "serve [OPTION]… FILE…",
      about: [
        "Hand open files and listening sockets to other programs. An address is the path of a Unix " +
        'socket, or an abstract name after "@". The default is fdpass.sock in the directory that ' +
        "XDG_RUNTIME_DIR names.",
        "serve opens every FILE, and gives them to every process that connects and may have them.",
      ],
      groups: [SERVE],
    },
    {
      name: "run",
      synopsis: "run [OPTION]… [FILE…] -- COMMAND [ARGUMENT]…",
      about: [
        "run takes the files that are served, opens those named here, and becomes COMMAND, which finds " +
        "them as its descriptors 3, 4, … and LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES in its " +
        "environment, as systemd does it. COMMAND has the limit of open files that the shell has.",
      ],
      groups: [RUN],
    },
    {
      name: "list",
      synopsis: "list [ADDRESS]",
      about: ["list shows what is served. All that got a file share its position."],
      groups: [LIST],
    },
  ],
  common: [OPENING, GENERAL],
  notes: [
    {
      title: "Files",
      text: [
        "A FILE is [NAME=][HOW:]WHAT. Without NAME it goes by its last component. HOW is one of " +
        "read:PATH (the default), write:PATH, append:PATH, update:PATH (read and write), " +
        "listen:ADDRESS or unix:ADDRESS (a Unix socket that listens), seqpacket:ADDRESS, " +
        "dgram:ADDRESS, tcp:HOST:PORT (listens), udp:HOST:PORT (a socket bound there; HOST is an IP " +
        "address, an IPv6 one in brackets, localhost, or * for all) and fd:N (inherited).",
        "The file of a socket that serve opens is removed at the end unless another process has the " +
        "socket by then; the file of one that run opens stays when COMMAND ends.",
      ],
    },
    {
      title: "Exit status",
      text: [
        "1 when something fails, 2 for a wrong command line, 128 + N after signal N, 127 if there is no " +
        "such COMMAND, 126 if it cannot be started, and else as COMMAND does.",
      ],
    },
  ],
  examples: [
    {
      command: "fdpass run http=tcp:*:80 -- setpriv --reuid www my-server",
      what: "Start a server as another user, with a socket that only root can open.",
    },
    {
      command: "fdpass serve -s /run/web.fds http=listen:/run/web.sock",
      what: "Keep a listening socket while the servers that take it are replaced.",
    },
    {
      command: "fdpass run -i listen:/run/time.sock -- date",
      what: "Answer each connection by a program's output.",
    },
  ],
};
