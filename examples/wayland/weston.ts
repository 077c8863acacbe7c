/**
 * Weston, with a screen in memory.
 *
 * @module
 */

import { type Program, startProgram } from "../programs.ts";
import { lacking } from "../util.ts";

/** The name of Weston's socket in its folder. */
export const SOCKET = "wayland-test";

const PACKAGE = "weston";

/** Return the first part of Weston's version: its options have changed. */
function majorVersion(): number {
  try {
    const { stdout } = new Deno.Command("weston", { args: ["--version"] }).outputSync();
    return Number(/\d+/.exec(new TextDecoder().decode(stdout))?.[0] ?? 0);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return lacking(`weston is not installed (Debian: ${PACKAGE})`);
  }
}

/** Nothing on the screen but the window, and nothing that moves. */
const SETTINGS = "[shell]\npanel-position=none\nstartup-animation=none\nanimation=none\n";

/** Start a Weston that draws into memory, and lets screenshots be taken. */
export function startWeston(folder: string): Program {
  const rendering = majorVersion() < 12
    ? ["--backend=headless-backend.so", "--use-pixman"]
    : ["--backend=headless", "--renderer=pixman"];
  const screen = ["--width=320", "--height=240", "--idle-time=0", `--socket=${SOCKET}`];
  Deno.writeTextFileSync(`${folder}/weston.ini`, SETTINGS);
  return startProgram("weston", {
    args: [`--config=${folder}/weston.ini`, "--debug", ...rendering, ...screen],
    env: { XDG_RUNTIME_DIR: folder },
    debianPackage: PACKAGE,
  });
}

/** Have a picture of the screen taken, by a program of Weston's that connects to `socket`; its path. */
export async function screenshot(folder: string, socket: string = SOCKET): Promise<string> {
  const env = { XDG_RUNTIME_DIR: folder, XDG_PICTURES_DIR: folder, WAYLAND_DISPLAY: socket };
  await using shooter = startProgram("weston-screenshooter", {
    args: [],
    env,
    cwd: folder,
    debianPackage: PACKAGE,
  });
  const { success } = await shooter.child.status;
  const [name] = Array.from(Deno.readDirSync(folder), (it) => it.name)
    .filter((it) => it.endsWith(".png"));
  if (!success || name === undefined) throw new Error("Cannot take a picture of the screen");
  return `${folder}/${name}`;
}
