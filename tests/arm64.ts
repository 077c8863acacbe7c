/**
 * Linux on arm64, for real: Deno's arm64 build from npm under user-mode emulation runs the tests that
 * compare the arm64 table with the arm64 headers, and the core tests.
 *
 *     deno task arm64
 *     deno task arm64 tests/message/cmsg_test.ts …
 *
 * Needs Debian's `qemu-user-static` and `gcc-aarch64-linux-gnu` with its C library, cargo with the
 * target `aarch64-unknown-linux-gnu`, npm, tar. What is missing is a failure where every peer is
 * required, and otherwise a reason not to run.
 *
 * @module
 */

import { crossBuild } from "./ffi/abi/native.ts";
import { canAddTargets, whyNoTarget } from "./ffi/abi/statements.ts";
import { refuse, taskArguments } from "./util/arguments.ts";
import { peersRequired } from "./util/peers.ts";

const TARGET = "aarch64-unknown-linux-gnu";
const COMPILER = "aarch64-linux-gnu-gcc";
const SYSROOT = "/usr/aarch64-linux-gnu";
const PACKAGE = "@deno/linux-arm64-glibc";
const CACHE = new URL("./.build/arm64/", import.meta.url).pathname;

/**
 * What runs under emulation. Left out is what starts another Deno (the kernel cannot run an arm64 program
 * unless it was told how), what QEMU does otherwise, and what takes long and depends on no layout.
 */
const TESTS = [
  "tests/message/cmsg_test.ts",
  "tests/errors_test.ts",
  "tests/address/sockaddr_test.ts",
  "tests/descriptor/descriptor_test.ts",
  "tests/handle/owned_fd_test.ts",
  "tests/fd/stat_test.ts",
  "tests/msghdr",
  "tests/socket/inspect_test.ts",
  "tests/socket/options_test.ts",
  "tests/unix/accept_test.ts",
  "tests/unix/bind_test.ts",
  "tests/unix/connect_test.ts",
  "tests/unix/socketpair_test.ts",
  "tests/ffi/platform_test.ts",
  "tests/ffi/missing_test.ts",
  "tests/ffi/unsupported_test.ts",
  "tests/ffi/darwin_images_test.ts",
];

/** What needs the crate, built for arm64. */
const COMPARISONS = [
  "tests/ffi/abi_test.ts",
  "tests/ffi/images_test.ts",
  "tests/ffi/symbols_test.ts",
];

function output(command: string, ...args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(command, { args, stdin: "null" })
    .outputSync();
  if (!success) throw new Error(`${command}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

function isInstalled(command: string): boolean {
  try {
    return new Deno.Command(command, { args: ["--version"], stdin: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const QEMU = ["qemu-aarch64-static", "qemu-aarch64"].find(isInstalled);

function* missing(): Generator<string> {
  if (QEMU === undefined) yield "qemu-aarch64-static is not installed";
  for (const command of [COMPILER, "cargo", "npm", "tar"]) {
    if (!isInstalled(command)) yield `${command} is not installed`;
  }
  const reason = whyNoTarget(TARGET);
  if (reason !== undefined && canAddTargets()) yield reason;
}

/** Build the crate; a distribution's Rust, which has no other targets, is a reason to leave that out. */
function library(): string | undefined {
  const reason = whyNoTarget(TARGET);
  if (reason === undefined) return crossBuild(TARGET, COMPILER);
  console.log(`Without the comparison with the headers: ${reason}, and there is no rustup`);
  return undefined;
}

function byVersion(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

/** This Deno's version, or the newest one before it that the registry has for arm64. */
function denoVersion(): string {
  const wanted = Deno.version.deno;
  const found: string | string[] = JSON.parse(output("npm", "view", PACKAGE, "versions", "--json"));
  const versions = [found].flat().filter((it) => /^[\d.]+$/.test(it)).sort(byVersion);
  const version = versions.filter((it) => byVersion(it, wanted) <= 0).at(-1);
  if (version === undefined) throw new Error(`Cannot find "${PACKAGE}" up to version ${wanted}`);
  return version;
}

/** The path of the arm64 Deno, fetched once. */
function fetchDeno(version: string): string {
  const directory = `${CACHE}${version}`;
  const deno = `${directory}/package/deno`;
  try {
    Deno.statSync(deno);
    return deno;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  Deno.mkdirSync(directory, { recursive: true });
  const [{ filename }] = JSON.parse(
    output("npm", "pack", "--json", "--pack-destination", directory, `${PACKAGE}@${version}`),
  );
  const archive = `${directory}/${filename.replace("@", "").replace("/", "-")}`;
  output("tar", "-xzf", archive, "-C", directory);
  Deno.removeSync(archive);
  Deno.chmodSync(deno, 0o755);
  return deno;
}

async function runTests(
  qemu: string,
  deno: string,
  library: string | undefined,
  chosen: readonly string[],
): Promise<number> {
  const all = library === undefined ? TESTS : [...COMPARISONS, ...TESTS];
  const tests = chosen.length > 0 ? chosen : all;
  const { code } = await new Deno.Command(qemu, {
    args: ["-L", SYSROOT, deno, "test", "--no-check", "--allow-all", ...tests],
    cwd: new URL("..", import.meta.url),
    env: {
      DENET_ABI_LIBRARY: library ?? "",
      CC: COMPILER,
      QEMU_LD_PREFIX: SYSROOT,
      DENET_EMULATED: "1",
    },
    stdin: "null",
  }).spawn().status;
  return code;
}

if (import.meta.main) {
  const { positionals } = taskArguments({});
  const strange = positionals.find((it) => !it.startsWith("tests"));
  if (strange !== undefined) refuse(`Cannot run "${strange}": give files or folders of tests`);
  if (Deno.build.os !== "linux" || Deno.build.arch === "aarch64") {
    console.log(`Nothing to emulate on ${Deno.build.target}: its own tests are the real ones`);
    Deno.exit();
  }
  const reasons = [...missing()];
  if (QEMU === undefined || reasons.length > 0) {
    console.log(`Cannot emulate arm64: ${reasons.join(", ")}`);
    Deno.exit(peersRequired() ? 1 : 0);
  }
  const version = denoVersion();
  console.log(`Deno ${version} for arm64 under ${output(QEMU, "--version").split("\n", 1)[0]}`);
  Deno.exit(await runTests(QEMU, fetchDeno(version), library(), positionals));
}
