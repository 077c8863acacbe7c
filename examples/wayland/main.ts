/**
 * Shows a picture on a Wayland compositor without any library: a real Weston, whose screen is in memory.
 * A screenshot by Weston's own program is the proof. Run it with `deno task example:wayland [PNG]`.
 *
 * @module
 */

import { connectTo } from "../programs.ts";
import { main, temporaryFolder } from "../util.ts";
import { picture } from "./picture.ts";
import { screenshot, SOCKET, startWeston } from "./weston.ts";
import { show } from "./window.ts";

await main(async () => {
  using folder = temporaryFolder();
  await using weston = startWeston(folder.path);
  using socket = await connectTo(weston, `${folder.path}/${SOCKET}`);
  await show(socket, picture);
  const taken = await screenshot(folder.path);
  const [copy] = Deno.args;
  if (copy !== undefined) Deno.copyFileSync(taken, copy);
  console.log(`took a picture of the screen: ${Deno.statSync(taken).size} bytes`);
});
