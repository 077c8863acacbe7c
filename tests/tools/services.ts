/**
 * Services of other projects and their clients, tried with and without unixtap in between.
 *
 * @module
 */

import { freePort } from "../util/free_port.ts";
import { type PeerName, userName } from "../util/peers.ts";
import { startProcess } from "../util/process.ts";
import type { TempDir } from "../util/tempdir.ts";
import { daemon, run, type Running } from "./daemon.ts";
import { startHaproxy, startHaproxyWithStats, succeedHaproxy } from "./services_haproxy.ts";
import { boot, startQemu, startQmp, startVhostUser } from "./services_qemu.ts";

/** A service with a client. */
export interface Scenario {
  readonly name: string;
  readonly needs: readonly PeerName[];
  /** Start the service in a folder. */
  start(dir: TempDir, stack: AsyncDisposableStack): Promise<Running>;
  /** The file name that clients need, if they need one. */
  readonly file?: string;
  /** Use the service, and return what is the same each time. */
  use(socket: string, dir: TempDir): Promise<string>;
  /** What the result must have in it. */
  readonly expected: RegExp;
  /** Options for unixtap. */
  readonly options?: readonly string[];
  /** A line that unixtap prints. */
  readonly shown: RegExp;
}

/** PostgreSQL refuses to run as root; where Debian keeps its programs is not in the PATH. */
async function startPostgres(dir: TempDir, stack: AsyncDisposableStack): Promise<Running> {
  const folder = [...Deno.readDirSync("/usr/lib/postgresql")].map(({ name }) => name).sort().at(-1);
  const bin = `/usr/lib/postgresql/${folder}/bin`;
  const as = Deno.uid() === 0
    ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    : ["env"];
  const [first = "env", ...rest] = as;
  const home = dir.join("pg");
  Deno.chmodSync(dir.path, 0o755);
  Deno.mkdirSync(home);
  if (Deno.uid() === 0) await run("chown", ["postgres", home]);
  const initdb = ["--auth=trust", "--username=tester", "--no-sync", "-D", `${home}/data`];
  await run(first, [...rest, `${bin}/initdb`, ...initdb]);
  const socket = `${home}/.s.PGSQL.5432`;
  const settings = ["-h", "", "-k", home, "-F", "-D", `${home}/data`];
  await daemon(stack, socket, first, ...rest, `${bin}/postgres`, ...settings);
  return { socket };
}

async function startSshMaster(dir: TempDir, stack: AsyncDisposableStack): Promise<Running> {
  const socket = dir.join("mux");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", dir.join("key")]);
  Deno.copyFileSync(dir.join("key.pub"), dir.join("authorized"));
  if (Deno.uid() === 0) Deno.mkdirSync("/run/sshd", { recursive: true }); // root's sshd needs it
  const port = freePort();
  const options = ["UsePAM=no", "StrictModes=no", "PidFile=none", `Port=${port}`].concat(
    "ListenAddress=127.0.0.1",
    `AuthorizedKeysFile=${dir.join("authorized")}`,
    `HostKey=${dir.join("key")}`,
  ).flatMap((it) => ["-o", it]);
  stack.use(startProcess("/usr/sbin/sshd", { args: ["-D", "-f", "/dev/null", ...options] }));
  const known = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"]
    .flatMap((it) => ["-o", it]);
  const retry = ["-o", "ConnectionAttempts=10"];
  const master = [
    "-M",
    "-N",
    "-S",
    socket,
    "-i",
    dir.join("key"),
    "-p",
    String(port),
    "-F",
    "none",
  ];
  await daemon(stack, socket, "ssh", ...master, ...known, ...retry, "127.0.0.1");
  return { socket };
}

/** A question for a bus: what follows the address for `busctl`. */
const NAME_HAS_OWNER = [
  ...["call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"],
  ...["NameHasOwner", "s", "org.freedesktop.DBus"],
];

/** Watch a bus while something is asked; what the monitor tells of the question. */
async function monitor(socket: string): Promise<string> {
  const address = `--address=unix:path=${socket}`;
  await using watching = startProcess("busctl", { args: [address, "monitor"] });
  const told = (async () => {
    for (;;) {
      const line = await watching.readLine();
      const [, path, member] = /(Path=\S+).*(Member=NameHasOwner)/.exec(line) ?? [];
      if (path !== undefined) return `${path} ${member}`;
    }
  })();
  // Again and again: the monitor does not tell when it has begun.
  for (;;) {
    await run("busctl", [address, ...NAME_HAS_OWNER]);
    const pause = new Promise<undefined>((resolve) => setTimeout(resolve, 50, undefined));
    const found = await Promise.race([told, pause]);
    if (found !== undefined) return found;
  }
}

/** A system log, which only receives. */
async function startLog(dir: TempDir, stack: AsyncDisposableStack): Promise<Running> {
  const socket = dir.join("log");
  const file = `OPEN:${dir.join("messages")},creat,append`;
  await daemon(stack, socket, "socat", "-u", `UNIX-RECV:${socket}`, file);
  return { socket };
}

/** Log a line; what the log has of it. */
async function log(socket: string, dir: TempDir): Promise<string> {
  const file = dir.join("messages");
  const before = readText(file).length;
  await run("logger", ["-u", socket, "-d", "-p", "user.notice", "-t", "test", "a line", "of text"]);
  for (;;) {
    const text = readText(file).slice(before);
    if (text !== "") return text.replace(/>.* test:/, ">TIME test:");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return ""; // not there yet
  }
}

async function startChrony(dir: TempDir, stack: AsyncDisposableStack): Promise<Running> {
  Deno.mkdirSync(dir.join("chrony"), { mode: 0o750 });
  const socket = dir.join("chrony/chronyd.sock");
  Deno.writeTextFileSync(
    dir.join("chrony.conf"),
    `port 0\ncmdport 0\nbindcmdaddress ${socket}\npidfile ${
      dir.join("chrony.pid")
    }\nlocal stratum 7\n`,
  );
  // Neither the clock nor another user: it can do without root.
  const args = ["-x", "-n", "-U", "-u", userName() ?? "", "-f", dir.join("chrony.conf")];
  await daemon(stack, socket, "/usr/sbin/chronyd", ...args);
  return { socket };
}

async function startBus(dir: TempDir, stack: AsyncDisposableStack): Promise<Running> {
  const socket = dir.join("bus");
  const args = ["--session", "--nofork", "--nopidfile", `--address=unix:path=${socket}`];
  await daemon(stack, socket, "dbus-daemon", ...args);
  return { socket };
}

/** All of them. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "redis-cli asks redis",
    needs: ["redis-server"],
    async start(dir, stack): Promise<Running> {
      const socket = dir.join("redis");
      await daemon(
        stack,
        socket,
        "redis-server",
        "--port",
        "0",
        "--unixsocket",
        socket,
        "--save",
        "",
      );
      return { socket };
    },
    use: async (socket) =>
      await run("redis-cli", ["-s", socket, "set", "key", "two words"]) +
      await run("redis-cli", ["-s", socket, "get", "key"]),
    expected: /^OK.*two words/,
    shown: /^ {4}set key "two words"$/m,
  },
  {
    name: "psql asks PostgreSQL",
    needs: ["psql", "setpriv"],
    start: startPostgres,
    file: ".s.PGSQL.5432",
    use: (socket) => {
      const host = socket.slice(0, socket.lastIndexOf("/"));
      const query = "select n, n * n from generate_series(1, 1000) n";
      return run("psql", ["-h", host, "-U", "tester", "-tAc", query, "template1"]);
    },
    expected: /^1\|1\n2\|4[^]*1000\|1000000$/,
    options: ["--mode", "666"],
    shown: /^ {4}Query select n, n \* n from generate_series\(1, 1000\) n$/m,
  },
  {
    name: "curl asks haproxy",
    needs: ["curl", "haproxy"],
    start: startHaproxy,
    use: (socket) => run("curl", ["-sS", "--unix-socket", socket, "http://name/path"]),
    expected: /^the answer$/,
    shown: /^ {4}GET \/path HTTP\/1\.1$/m,
  },
  {
    name: "haproxy takes the listening sockets of haproxy",
    needs: ["haproxy"],
    start: startHaproxyWithStats,
    use: succeedHaproxy,
    expected: /no complaint/,
    shown: /^ {4}\+ socket "socket:\[\d+\]" rw tcp listening at 127\.0\.0\.1:\d+$/m,
  },
  {
    name: "ssh uses the connection of another ssh",
    needs: ["sshd"],
    start: startSshMaster,
    use: (socket) =>
      run("ssh", ["-F", "none", "-S", socket, "127.0.0.1", "echo through; echo error >&2"]),
    expected: /^through\nerror$/,
    shown: /^ {4}\+ (?:pipe|character) /m,
  },
  {
    name: "qemu-img asks an NBD server of QEMU",
    needs: ["qemu-img", "qemu-storage-daemon"],
    start: startQemu,
    use: async (socket) => {
      const text = await run("qemu-img", ["info", `nbd+unix:///disk?socket=${socket}`]);
      return text.replaceAll(socket, "SOCKET");
    },
    expected: /virtual size: 1 MiB/,
    shown: /^#1 server → client \d+ bytes/m,
  },
  {
    name: "socat speaks QMP",
    needs: ["socat", "qemu-storage-daemon"],
    start: startQmp,
    use: async (socket) => {
      await using client = startProcess("socat", { args: ["-", `UNIX-CONNECT:${socket}`] });
      const lines = [await client.readLine()];
      for (const execute of ["qmp_capabilities", "query-version"]) {
        await client.writeLine(JSON.stringify({ execute }));
        lines.push(await client.readLine());
      }
      return lines.join("\n").replaceAll("\r", "");
    },
    expected: /"return": \{\}/,
    shown: /^ {4}\{"execute":"query-version"\}$/m,
  },
  {
    name: "chronyc asks chronyd, which answers to paths only",
    needs: ["chronyd"],
    start: startChrony,
    use: async (socket) => {
      const text = await run("chronyc", ["-h", socket, "-n", "sources"]);
      return text;
    },
    expected: /MS Name\/IP address/,
    shown: /^#1 client → server \d+ bytes/m,
  },
  {
    name: "busctl asks dbus-daemon",
    needs: ["busctl", "dbus-daemon"],
    start: startBus,
    use: (socket) => run("busctl", [`--address=unix:path=${socket}`, ...NAME_HAS_OWNER]),
    expected: /^b true$/,
    shown: /^ {4}call \d+ to org\.freedesktop\.DBus .*NameHasOwner \("org\.freedesktop\.DBus"\)$/m,
  },
  {
    name: "busctl monitor watches dbus-daemon",
    needs: ["busctl", "dbus-daemon"],
    start: startBus,
    use: monitor,
    expected: /^Path=\/org\/freedesktop\/DBus Member=NameHasOwner$/,
    shown: /BecomeMonitor/,
  },
  {
    name: "QEMU boots from a disk of vhost-user",
    needs: ["qemu-system-x86_64", "qemu-storage-daemon"],
    start: startVhostUser,
    use: boot,
    expected: /^booted from the disk$/,
    shown: /^ {4}\+ memfd "\/memfd:memory-backend-memfd.*" rw 67108864 bytes/m,
  },
  {
    name: "logger sends datagrams without a name",
    needs: ["logger", "socat"],
    start: startLog,
    use: log,
    expected: /^<13>TIME test: a line of text$/,
    shown: /^ {4}"<13>.* test: a line of text"$/m,
  },
];
