/**
 * Shows a picture on a Wayland compositor without any library: a real Weston, whose screen is in memory.
 * A screenshot by Weston's own program is the proof. Run it with `deno task example:wayland [PNG]`.
 *
 * @module
 */

import { connectTo, type Program, startProgram } from "../programs.ts";
import { main, temporaryFolder } from "../util.ts";
import { show } from "./window.ts";

/** The name of Weston's socket in its folder. */
export const SOCKET = "wayland-test";

/** Nothing on the screen but the window, and nothing that moves. */
const SETTINGS = "[shell]\npanel-position=none\nstartup-animation=none\nanimation=none\n";
const SCREEN = ["--backend=headless-backend.so", "--use-pixman", "--width=320", "--height=240"];

/** Start a Weston that draws into memory, and lets screenshots be taken. */
export function startWeston(folder: string): Program {
  Deno.writeTextFileSync(`${folder}/weston.ini`, SETTINGS);
  const args = [`--config=${folder}/weston.ini`, "--debug", `--socket=${SOCKET}`, ...SCREEN];
  const env = { XDG_RUNTIME_DIR: folder };
  return startProgram("weston", { args, env, debianPackage: "weston" });
}

/** Have a picture of the screen taken, by a program of Weston's that connects to `socket`; its path. */
export async function screenshot(folder: string, socket: string = SOCKET): Promise<string> {
  const env = { XDG_RUNTIME_DIR: folder, XDG_PICTURES_DIR: folder, WAYLAND_DISPLAY: socket };
  const options = { args: [], env, cwd: folder, debianPackage: "weston" };
  await using shooter = startProgram("weston-screenshooter", options);
  const { success } = await shooter.child.status;
  const picture = [...Deno.readDirSync(folder)].find(({ name }) => name.endsWith(".png"));
  if (!success || !picture) throw new Error("Cannot take a picture of the screen");
  return `${folder}/${picture.name}`;
}

async function run(): Promise<void> {
  await using folder = temporaryFolder();
  await using weston = startWeston(folder.path);
  using socket = await connectTo(weston, `${folder.path}/${SOCKET}`);
  await show(socket, console.log);
  const taken = await screenshot(folder.path);
  const [copy] = Deno.args;
  if (copy !== undefined) Deno.copyFileSync(taken, copy);
  console.log(`took a picture of the screen: ${Deno.statSync(taken).size} bytes`);
}

if (import.meta.main) await main(run, 1);
