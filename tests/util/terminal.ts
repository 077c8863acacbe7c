/**
 * Pseudoterminals and named pipes to try things with.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { fcntl, ioctl } from "../../ffi/syscalls/files.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";

const TIOCSPTLCK = 0x40045431; // <asm-generic/ioctls.h>

/** Both ends of a pseudoterminal, closed together. */
export interface Terminal extends Disposable {
  /** What a terminal emulator has. */
  readonly master: OwnedFd;
  /** What a program has. */
  readonly slave: OwnedFd;
  /** The name of the program's side. */
  readonly path: string;
}

/** Make a pseudoterminal (Linux): `using terminal = openTerminal()`. */
export function openTerminal(): Terminal {
  const master = OwnedFd.open("/dev/ptmx", { read: true, write: true });
  const number = new Uint8Array(4);
  ioctl(master.fd, TIOCSPTLCK, number);
  ioctl(master.fd, platform.TIOCGPTN, number);
  const path = `/dev/pts/${new DataView(number.buffer).getUint32(0, true)}`;
  const slave = OwnedFd.open(path, { read: true, write: true });
  return {
    master,
    slave,
    path,
    [Symbol.dispose](): void {
      slave.close();
      master.close();
    },
  };
}

/** Read until a text has come: a terminal may pass on in pieces what was written to it at once. */
export async function readUntil(file: OwnedFd, end: string): Promise<string> {
  const chunk = new Uint8Array(64);
  let all = "";
  while (!all.includes(end)) {
    const count = await file.read(chunk);
    if (count === null) throw new Error(`Expected ${JSON.stringify(end)}, but the file ended`);
    all += new TextDecoder().decode(chunk.subarray(0, count));
  }
  return all;
}

/** Make a named pipe in a folder, and open it for reading and writing. */
export function openFifo(path: string): OwnedFd {
  new Deno.Command("mkfifo", { args: [path] }).outputSync();
  return OwnedFd.open(path, { read: true, write: true });
}

/** The status flags of an open file. */
export function statusFlags(fd: number): number {
  return fcntl(fd, platform.F_GETFL, 0);
}
