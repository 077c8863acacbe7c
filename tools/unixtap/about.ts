/**
 * What unixtap says about itself.
 *
 * @module
 */

import { GENERAL, type Program } from "../cli/program.ts";
import { ATTACHING, FILTERING, PRINTING, RUNNING, SERVING } from "./options.ts";

/** Its help, its manual page and its completions are made of this. */
export const ABOUT: Program = {
  name: "unixtap",
  summary: "show what goes through a Unix socket",
  commands: [
    {
      name: "",
      synopsis: "[OPTION]… LISTEN TARGET",
      about: [
        "Listen on the Unix socket LISTEN, pass everything on to the Unix socket TARGET and back, open " +
        "files and credentials included, and print what goes through. An address is a path, or an " +
        'abstract name after "@". Without LISTEN, the sockets that LISTEN_FDS brings are used, as a ' +
        "service manager passes them.",
      ],
      groups: [],
    },
    {
      name: "attach",
      synopsis: "attach [OPTION]… PATH",
      about: [
        "attach takes the place of the socket PATH: in one step, while its server goes on, and puts it " +
        "back at the end. What a killed unixtap has left is put back by the next one, or by " +
        '"unixtap attach --restore PATH".',
      ],
      groups: [ATTACHING],
    },
    {
      name: "run",
      synopsis: "run [OPTION]… [TARGET] -- COMMAND [ARGUMENT]…",
      about: [
        "run starts COMMAND with a socket of its own, and ends with it. The variable that tells COMMAND " +
        "the socket is that of the protocol: WAYLAND_DISPLAY, DBUS_SESSION_BUS_ADDRESS, DOCKER_HOST, " +
        "PGHOST or SSH_AUTH_SOCK, by the name of TARGET, or the one that --env names. Without TARGET " +
        "it is what that variable says now. Text goes to standard error.",
      ],
      groups: [RUNNING],
    },
  ],
  common: [SERVING, PRINTING, FILTERING, GENERAL],
  notes: [
    {
      title: "What stays visible",
      text: [
        "The server sees the process ID of unixtap as its peer's (SO_PEERCRED), and without " +
        "--as-client its user. The credentials that messages carry are the client's own if unixtap may " +
        "claim them, as root may. Clients of other users are refused unless --as-client or --mode is " +
        "given: the server would take them for the user of unixtap. As root, attach implies --as-client.",
      ],
    },
    {
      title: "What is shown",
      text: [
        "Text is shown in quotes, a line for each of its lines, with \\n for a newline and \\xNN for a " +
        "byte that is no text; a longer line is several strings. After is the time from the first byte " +
        "of a question to the first of its answer.",
        "An output that fails or takes nothing never stops a connection: the first is told once, the " +
        "second is waited for, for a second, and what does not fit then is left out and counted.",
      ],
    },
    {
      title: "Signals",
      text: ["SIGUSR1 prints what was served so far. HUP, INT, QUIT and TERM end unixtap cleanly."],
    },
    {
      title: "Exit status",
      text: [
        "0 after --once, 1 when something fails, the output included, 2 for a wrong command line, " +
        "128 + N after signal N. run ends as COMMAND does, with 127 if there is no such COMMAND and " +
        "126 if it cannot be started.",
      ],
    },
  ],
  examples: [
    {
      command: "unixtap /tmp/tap.sock /run/app.sock",
      what: "Show what clients of /tmp/tap.sock and /run/app.sock say to each other.",
    },
    {
      command: "unixtap run --env SSH_AUTH_SOCK -- ssh-add -l",
      what: "Show what ssh-add asks the agent.",
    },
    {
      command: "sudo unixtap attach -w - /run/docker.sock | wireshark -k -i -",
      what: "Show all that goes through a socket in use, in Wireshark.",
    },
  ],
};
