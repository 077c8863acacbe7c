/**
 * What a test needs besides Deno: other languages, compilers, services. A peer that is not
 * installed makes its tests ignored, with the reason in their names. Where every peer must be
 * there (`CI=true` or `REQUIRE_PEERS=1`) such a test fails instead.
 *
 * @module
 */

interface Requirement {
  /** Programs that will do, the preferred one first. */
  readonly commands: readonly string[];
  /** Arguments that print the version. */
  readonly version: readonly string[];
  /** Lowest version that will do. */
  readonly atLeast?: string;
  /** Where the peer exists at all; everywhere when left out. */
  readonly os?: readonly typeof Deno.build.os[];
  /** Whether it looks the user up, who has no account in some containers. */
  readonly account?: true;
  /** A device that it opens with the rights of the user. */
  readonly device?: string;
}

const LINUX = ["linux"] as const;

/** Every peer a test may ask for. */
const REQUIREMENTS = {
  "python3": { commands: ["python3"], version: ["--version"], atLeast: "3.9" },
  "python3-linux": { commands: ["python3"], version: ["--version"], atLeast: "3.9", os: LINUX },
  "cc": { commands: ["cc", "gcc", "clang"], version: ["--version"] },
  "go": { commands: ["go"], version: ["version"] },
  "cargo": { commands: ["cargo"], version: ["--version"], atLeast: "1.78" },
  "node": { commands: ["node"], version: ["--version"] },
  "socat": { commands: ["socat"], version: ["-V"], os: LINUX },
  "strace": { commands: ["strace"], version: ["-V"], os: LINUX },
  "prlimit": { commands: ["prlimit"], version: ["--version"], os: LINUX },
  "openssl": { commands: ["openssl"], version: ["version"] },
  "curl": { commands: ["curl"], version: ["--version"], atLeast: "7.75" },
  "systemd-socket-activate": {
    commands: ["systemd-socket-activate"],
    version: ["--version"],
    os: LINUX,
  },
  "systemd-notify": { commands: ["systemd-notify"], version: ["--version"], os: LINUX },
  "weston": { commands: ["weston"], version: ["--version"], os: LINUX },
  "dbus-daemon": { commands: ["dbus-daemon"], version: ["--version"], os: LINUX, account: true },
  "dbus-python": {
    commands: ["python3", "/usr/bin/python3"],
    version: ["-c", "import dbus, gi; print(dbus.__version__)"],
    os: LINUX,
  },
  "busctl": { commands: ["busctl"], version: ["--version"], os: LINUX },
  "qemu-system-x86_64": { commands: ["qemu-system-x86_64"], version: ["--version"], os: LINUX },
  "redis-server": { commands: ["redis-server"], version: ["--version"], os: LINUX },
  "mariadbd": { commands: ["/usr/sbin/mariadbd"], version: ["--version"], os: LINUX },
  "psql": { commands: ["psql"], version: ["--version"], os: LINUX, account: true },
  "haproxy": { commands: ["haproxy"], version: ["-v"], os: LINUX },
  "sshd": { commands: ["/usr/sbin/sshd"], version: ["-V"], os: LINUX, account: true },
  "qemu-img": { commands: ["qemu-img"], version: ["--version"], os: LINUX },
  "qemu-storage-daemon": { commands: ["qemu-storage-daemon"], version: ["--version"], os: LINUX },
  "chronyd": { commands: ["/usr/sbin/chronyd"], version: ["--version"], os: LINUX, account: true },
  "ssh": { commands: ["ssh"], version: ["-V"], os: LINUX, account: true },
  "fusermount3": {
    commands: ["fusermount3"],
    version: ["--version"],
    os: LINUX,
    device: "/dev/fuse",
  },
  "systemd-journald": { commands: ["journalctl"], version: ["--version"], os: LINUX },
  "logger": { commands: ["logger"], version: ["--version"], os: LINUX },
  "script": { commands: ["script"], version: ["--version"], os: LINUX },
  "tshark": { commands: ["tshark"], version: ["--version"], os: LINUX },
  "chromium": {
    commands: ["chromium", "chromium-browser", "google-chrome"],
    version: ["--version"],
    os: LINUX,
  },
  "zsh": { commands: ["zsh"], version: ["--version"], os: LINUX },
  "fish": { commands: ["fish"], version: ["--version"], os: LINUX },
  "mandoc": { commands: ["mandoc"], version: ["-l", "/dev/null"], os: LINUX },
  "setpriv": { commands: ["setpriv"], version: ["--version"], os: LINUX },
} as const satisfies Record<string, Requirement>;

/** The name of a peer that tests may ask for. */
export type PeerName = keyof typeof REQUIREMENTS;

/** A peer that is installed. */
export interface Peer {
  /** The program to start. */
  readonly command: string;
  /** Its version, as far as it tells. */
  readonly version: string;
}

const found = new Map<PeerName, Peer | string>();

function detect(name: PeerName): Peer | string {
  const wanted: Requirement = REQUIREMENTS[name];
  if (wanted.account && userName() === undefined) return `${name} needs a user with an account`;
  if (wanted.device !== undefined && !opens(wanted.device)) {
    return `${name} needs ${wanted.device}, which this user cannot open`;
  }
  let reason = "is not installed";
  for (const command of wanted.commands) {
    const version = versionOf(command, wanted.version);
    if (version === undefined) continue;
    if (!wanted.atLeast || reaches(version, wanted.atLeast)) return { command, version };
    reason = `is ${version}, older than ${wanted.atLeast}`;
  }
  return `${name} ${reason}`;
}

/** The user's name. Returns `undefined` for one without an account. */
export function userName(): string | undefined {
  const { success, stdout } = new Deno.Command("id", { args: ["-un"], stderr: "null" })
    .outputSync();
  return success ? new TextDecoder().decode(stdout).trim() : undefined;
}

function opens(device: string): boolean {
  try {
    Deno.openSync(device, { read: true, write: true }).close();
    return true;
  } catch {
    return false;
  }
}

function versionOf(command: string, args: readonly string[]): string | undefined {
  try {
    const { success, stdout, stderr } = new Deno.Command(command, {
      args: [...args],
      stdin: "null",
    }).outputSync();
    if (!success) return undefined;
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    return /\d+(?:\.\d+)+/.exec(text)?.[0] ?? "unknown";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) {
      return undefined;
    }
    throw error;
  }
}

function reaches(version: string, lowest: string): boolean {
  const have = version.split(".").map(Number);
  for (const [i, part] of lowest.split(".").map(Number).entries()) {
    const difference = (have[i] ?? 0) - part;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function look(name: PeerName): Peer | string {
  let result = found.get(name);
  if (result === undefined) found.set(name, result = detect(name));
  return result;
}

/** Find a peer. Returns `undefined` where it is not installed. */
export function peer(name: PeerName): Peer | undefined {
  const result = look(name);
  return typeof result === "string" ? undefined : result;
}

/** Find a peer that must be there, inside a test that {@linkcode testWith} registered for it. */
export function needPeer(name: PeerName): Peer {
  const result = look(name);
  if (typeof result === "string") throw new Error(`Cannot run without ${name}: ${result}`);
  return result;
}

/** Whether a missing peer is a failure. */
export function peersRequired(): boolean {
  return Deno.env.get("CI") === "true" || Deno.env.get("REQUIRE_PEERS") === "1";
}

type TestFn = (t: Deno.TestContext) => void | Promise<void>;

/**
 * Register a test that needs one or more peers. Without them it is ignored, and its name says why;
 * where peers are required it fails.
 */
export function testWith(needs: PeerName | readonly PeerName[], name: string, fn: TestFn): void {
  const names = typeof needs === "string" ? [needs] : needs;
  const reasons: string[] = [];
  let excused = false;
  for (const it of names) {
    const { os }: Requirement = REQUIREMENTS[it];
    if (os && !os.includes(Deno.build.os)) {
      reasons.push(`${it} is not used on ${Deno.build.os}`);
      excused = true;
      continue;
    }
    const result = look(it);
    if (typeof result === "string") reasons.push(result);
  }
  if (reasons.length === 0) return Deno.test(name, fn);
  if (excused || !peersRequired()) return testUnless(reasons.join(", "), name, fn);
  Deno.test(name, () => {
    throw new Error(`Cannot run the test, install what is missing: ${reasons.join(", ")}`);
  });
}

/**
 * Register a test, ignored where `reason` is given; its name then ends with the reason. For what a
 * kernel or a user cannot do at all; what can be installed belongs to {@linkcode testWith}.
 */
export function testUnless(reason: string | undefined, name: string, fn: TestFn): void {
  if (reason === undefined) Deno.test(name, fn);
  else Deno.test({ name: `${name} [skipped: ${reason}]`, ignore: true, fn });
}
