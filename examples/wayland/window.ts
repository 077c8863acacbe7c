/**
 * A window that fills the screen with a picture, in shared memory.
 *
 * @module
 */

import { OwnedFd, type Socket } from "@denet/unix";
import { type Arguments, DISPLAY, Wire } from "./wire.ts";

// The numbers of the requests and events that are used, from wayland.xml and xdg-shell.xml.
const GET_REGISTRY = 1, GLOBAL = 0, BIND = 0;
const CREATE_SURFACE = 0, CREATE_POOL = 0, CREATE_BUFFER = 0, XRGB8888 = 1;
const GET_XDG_SURFACE = 2, PING = 0, PONG = 3, GET_TOPLEVEL = 1, SET_TITLE = 2, SET_FULLSCREEN = 11;
const CONFIGURE = 0, ACK_CONFIGURE = 4;
const ATTACH = 1, DAMAGE = 2, FRAME = 3, COMMIT = 6, DONE = 0;

/** The first byte of a pixel: the compositor ignores it here, but programs that copy its screen do not. */
const OPAQUE = 0xff000000;

/** The colour of a point, as `0xRRGGBB`. */
export type Paint = (x: number, y: number, width: number, height: number) => number;

/** Told what happens, in a line of text. */
export type Say = (line: string) => void;

/** Find the interfaces that a compositor offers, and their numbers. */
async function globals(wire: Wire): Promise<(name: string, version: number) => Promise<number>> {
  const registry = wire.id();
  const names = new Map<string, number>();
  wire.on(registry, GLOBAL, (it: Arguments) => {
    const number = it.uint();
    names.set(it.string(), number);
  });
  await wire.request(DISPLAY, GET_REGISTRY, [registry]);
  await wire.roundtrip();
  return async (name, version) => {
    const number = names.get(name);
    if (number === undefined) throw new Error(`The compositor does not offer "${name}"`);
    const object = wire.id();
    await wire.request(registry, BIND, [number, name, version, object]);
    return object;
  };
}

/** Draw into new shared memory. */
function draw(paint: Paint, width: number, height: number): OwnedFd {
  const pixels = new Uint32Array(width * height);
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = OPAQUE | paint(i % width, Math.floor(i / width), width, height);
  }
  return OwnedFd.memfd("picture", new Uint8Array(pixels.buffer));
}

/** Show a picture, and wait until the compositor has drawn a frame with it. */
export async function show(socket: Socket, paint: Paint, say: Say = console.log): Promise<void> {
  const wire = new Wire(socket);
  const listening = wire.listen();
  await Promise.race([listening, open(wire, paint, say)]);
  listening.catch(() => {}); // the connection is closed at the end
}

async function open(wire: Wire, paint: Paint, say: Say): Promise<void> {
  const bind = await globals(wire);
  const compositor = await bind("wl_compositor", 4);
  const shm = await bind("wl_shm", 1);
  const shell = await bind("xdg_wm_base", 1);
  wire.on(shell, PING, (it) => wire.request(shell, PONG, [it.uint()]));

  const [surface, role, window] = [wire.id(), wire.id(), wire.id()];
  await wire.request(compositor, CREATE_SURFACE, [surface]);
  await wire.request(shell, GET_XDG_SURFACE, [role, surface]);
  await wire.request(role, GET_TOPLEVEL, [window]);
  await wire.request(window, SET_TITLE, ["A picture in shared memory"]);
  await wire.request(window, SET_FULLSCREEN, [0]);
  const [size, configured] = [wire.event(window, CONFIGURE), wire.event(role, CONFIGURE)];
  await wire.request(surface, COMMIT, []);
  const told = await size;
  const [width, height] = [told.uint(), told.uint()];
  await wire.request(role, ACK_CONFIGURE, [(await configured).uint()]);
  say(`the compositor wants a window of ${width} × ${height} pixels`);

  const bytes = width * height * 4;
  using memory = draw(paint, width, height);
  const [pool, buffer, callback] = [wire.id(), wire.id(), wire.id()];
  await wire.request(shm, CREATE_POOL, [pool, bytes], memory);
  say(`passed ${bytes} bytes of shared memory, with the picture in it`);
  await wire.request(pool, CREATE_BUFFER, [buffer, 0, width, height, width * 4, XRGB8888]);
  await wire.request(surface, ATTACH, [buffer, 0, 0]);
  await wire.request(surface, DAMAGE, [0, 0, width, height]);
  await wire.request(surface, FRAME, [callback]);
  const drawn = wire.event(callback, DONE);
  await wire.request(surface, COMMIT, []);
  await drawn;
  say("the frame callback came: the picture is on the screen");
}
