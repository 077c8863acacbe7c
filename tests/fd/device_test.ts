import { assertEquals } from "@std/assert";
import { ROOT } from "../util/project.ts";
import { testUnless } from "../util/peers.ts";

const PROGRAM = new URL("tests/fd/tap.ts", ROOT).pathname;

/** Run the program in a network of its own. */
function run(...args: string[]): { code: number; output: string } {
  const { code, stdout } = new Deno.Command("unshare", {
    args: [
      "--net",
      Deno.execPath(),
      "run",
      "--no-check",
      "--quiet",
      "--allow-all",
      PROGRAM,
      ...args,
    ],
    cwd: ROOT,
    stdin: "null",
    stderr: "null",
  }).outputSync();
  return { code, output: new TextDecoder().decode(stdout) };
}

/** Why there can be no device, if so. */
function cannot(): string | undefined {
  if (Deno.build.os !== "linux") return "Linux only";
  if (Deno.uid() !== 0) return "needs root";
  try {
    Deno.openSync("/dev/net/tun", { read: true, write: true }).close();
    const args = ["--net", "ip", "tuntap", "add", "dev", "tap0", "mode", "tap"];
    const made = new Deno.Command("unshare", { args, stderr: "null" }).outputSync();
    return made.success ? undefined : "no TAP device can be made";
  } catch (error) {
    return `no TAP device can be made: ${(error as Error).name}`;
  }
}

testUnless(cannot(), "a device gets each write whole, however long it is", () => {
  const output = ["write()", "writeSync()", "writable"].map((it) => `${it}: 1 of 8000 bytes\n`);
  for (const args of [[], ["thread"]]) {
    assertEquals(run(...args), { code: 0, output: output.join("") });
  }
});
