/**
 * Terminals: the two ends of a pseudoterminal, and the raw mode.
 *
 * @module
 */

import { MISSING, platform } from "../../ffi/platform/mod.ts";
import { ioctl, poll } from "../../ffi/syscalls/files.ts";
import { isatty, tcgetattr, tcsetattr } from "../../ffi/syscalls/terminal.ts";
import { check } from "../errors.ts";

/** What TIOCGPTN writes: an `int`. */
const number = new Uint8Array(new Int32Array(1).buffer);

/** Whether `fd` is the master of a pseudoterminal (pty(7)). */
export function isTerminalMaster(fd: number): boolean {
  const { TIOCGPTN } = platform;
  // Where no call tells the two ends apart, either may be it.
  return TIOCGPTN === MISSING ? isatty(fd) : ioctl(fd, TIOCGPTN, number) >= 0;
}

/** Whether a terminal's master is at its end: every descriptor of the other side is closed (read(2) gives EIO). */
export function hasTerminalEnded(fd: number): boolean {
  const { POLLHUP, POLLIN } = platform;
  const events = poll(fd, POLLIN, 0);
  return events > 0 && (events & POLLHUP) !== 0 && (events & POLLIN) === 0 && isTerminalMaster(fd);
}

/** The fields of a `struct termios` that raw mode changes. */
class Termios {
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(platform.termios.size);
  readonly #view = new DataView(this.bytes.buffer);

  /** Set and clear flags, which are all in the lower half of a wide field. */
  change(field: "c_iflag" | "c_cflag" | "c_lflag", clear: number, set: number): void {
    const [offset] = platform.termios[field];
    const flags = this.#view.getUint32(offset, true);
    this.#view.setUint32(offset, ((flags & ~clear) | set) >>> 0, true);
  }

  /** Set a control character. */
  setCharacter(index: number, value: number): void {
    this.#view.setUint8(platform.termios.c_cc[0] + index, value);
  }
}

/** Switches a terminal to raw mode and back to what it was before. */
export class RawMode {
  #before: Uint8Array | undefined;

  /** Switch, by tcsetattr(3): in raw mode, `cbreak` leaves the characters that make signals working. */
  set(fd: number, on: boolean, cbreak: boolean): void {
    if (on) this.#switchOn(fd, cbreak);
    else if (this.#before !== undefined) {
      check(tcsetattr(fd, platform.TCSADRAIN, this.#before), "tcsetattr");
      this.#before = undefined;
    }
  }

  #switchOn(fd: number, cbreak: boolean): void {
    const { BRKINT, ICRNL, INPCK, ISTRIP, IXON, CS8, ECHO, ICANON, IEXTEN, ISIG } = platform;
    const termios = new Termios();
    check(tcgetattr(fd, termios.bytes), "tcgetattr");
    this.#before ??= termios.bytes.slice();
    termios.change("c_iflag", BRKINT | ICRNL | INPCK | ISTRIP | IXON, 0);
    termios.change("c_cflag", 0, CS8);
    termios.change("c_lflag", ECHO | ICANON | IEXTEN | (cbreak ? 0 : ISIG), 0);
    termios.setCharacter(platform.VMIN, 1);
    termios.setCharacter(platform.VTIME, 0);
    check(tcsetattr(fd, platform.TCSADRAIN, termios.bytes), "tcsetattr");
  }
}
