/**
 * A window that fills the screen with a picture in shared memory: an evening at the sea.
 *
 * @module
 */

import { OwnedFd, type Socket } from "@denet/unix";
import { DISPLAY, text, Wire } from "./wire.ts";

// The numbers of the requests and events that are used, from wayland.xml and xdg-shell.xml.
const SYNC = 0, GET_REGISTRY = 1, GLOBAL = 0, BIND = 0;
const CREATE_SURFACE = 0, CREATE_POOL = 0, CREATE_BUFFER = 0, XRGB8888 = 1;
const PING = 0, PONG = 3, GET_XDG_SURFACE = 2, GET_TOPLEVEL = 1, SET_FULLSCREEN = 11;
const CONFIGURE = 0, ACK_CONFIGURE = 4;
const ATTACH = 1, DAMAGE = 2, FRAME = 3, COMMIT = 6, DONE = 0;

const SKY = [0x1d2b53, 0x35346b, 0x5b3f7f, 0x8a4a86, 0xbb5b80, 0xe57873, 0xf79f6b, 0xfdc777];
const SUN = 0xfff1c4, SEA = 0x173a5e, GLITTER = 0xf5b678, SHORE = 0.68;

/** The colour of a point, with the origin at the top left and both sides reaching to 1. */
export function colorAt(x: number, y: number): number {
  const isSun = Math.hypot((x - 0.62) * 4 / 3, y - 0.5) < 0.13;
  if (y < SHORE) return isSun ? SUN : SKY[Math.floor(y / SHORE * SKY.length)] ?? SUN;
  const depth = (y - SHORE) / (1 - SHORE);
  const wave = Math.sin(depth * 60 + Math.sin(x * 12) * 2);
  return wave > 0.4 && Math.abs(x - 0.62) < 0.06 + depth * 0.12 ? GLITTER : SEA;
}

/** Draw the picture into new memory, opaque: programs that copy the screen look at the first byte. */
function draw(width: number, height: number): OwnedFd {
  const pixels = Uint32Array.from({ length: width * height }, (_, i) => {
    return 0xff000000 | colorAt((i % width) / width, Math.floor(i / width) / height);
  });
  return OwnedFd.memfd("picture", new Uint8Array(pixels.buffer));
}

/** Show the picture, and wait until the compositor has drawn a frame with it. */
export async function show(socket: Socket, say: (line: string) => void): Promise<void> {
  const wire = new Wire(socket);
  const listening = wire.listen();
  listening.catch(() => {}); // at the latest when the connection is closed at the end
  await Promise.race([listening, open(wire, say)]);
}

async function open(wire: Wire, say: (line: string) => void): Promise<void> {
  const [registry, synced] = [wire.id(), wire.id()];
  const names = new Map<string, number>();
  wire.on(registry, GLOBAL, (words) => names.set(text(words, 1), words[0] ?? 0));
  await wire.send(DISPLAY, GET_REGISTRY, [registry]);
  const told = wire.event(synced, DONE);
  await wire.send(DISPLAY, SYNC, [synced]);
  await told;
  const bind = async (name: string, version: number) => {
    const object = wire.id();
    const number = names.get(name);
    if (number === undefined) throw new Error(`The compositor does not offer "${name}"`);
    await wire.send(registry, BIND, [number, name, version, object]);
    return object;
  };
  const compositor = await bind("wl_compositor", 4);
  const shm = await bind("wl_shm", 1);
  const shell = await bind("xdg_wm_base", 1);
  wire.on(shell, PING, ([serial = 0]) => wire.send(shell, PONG, [serial]));

  const [surface, role, window] = [wire.id(), wire.id(), wire.id()];
  await wire.send(compositor, CREATE_SURFACE, [surface]);
  await wire.send(shell, GET_XDG_SURFACE, [role, surface]);
  await wire.send(role, GET_TOPLEVEL, [window]);
  await wire.send(window, SET_FULLSCREEN, [0]);
  const configured = Promise.all([wire.event(window, CONFIGURE), wire.event(role, CONFIGURE)]);
  await wire.send(surface, COMMIT, []);
  const [[width = 0, height = 0], [serial = 0]] = await configured;
  await wire.send(role, ACK_CONFIGURE, [serial]);
  say(`the compositor asks for a window of ${width} × ${height} pixels`);

  const [pool, buffer, callback] = [wire.id(), wire.id(), wire.id()];
  const size = width * height * 4;
  using memory = draw(width, height);
  await wire.send(shm, CREATE_POOL, [pool, size], memory);
  say(`passed ${size} bytes of shared memory, with the picture in it`);
  await wire.send(pool, CREATE_BUFFER, [buffer, 0, width, height, width * 4, XRGB8888]);
  await wire.send(surface, ATTACH, [buffer, 0, 0]);
  await wire.send(surface, DAMAGE, [0, 0, width, height]);
  await wire.send(surface, FRAME, [callback]);
  const drawn = wire.event(callback, DONE);
  await wire.send(surface, COMMIT, []);
  await drawn;
  say("the frame callback came: the picture is on the screen");
}
