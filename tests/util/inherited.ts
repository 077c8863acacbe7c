/**
 * What a child process gets of this process's descriptors.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { fcntl } from "../../ffi/syscalls/files.ts";

/**
 * Whether a program started from here gets descriptor `fd`. Deno closes none of its own accord: what
 * is not close-on-exec is there.
 */
export function isInherited(fd: number): boolean {
  const { code } = new Deno.Command("/bin/sh", {
    args: ["-c", `[ -e /dev/fd/${fd} ] && [ -S /dev/fd/${fd} ]`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).outputSync();
  return code === 0;
}

/** Whether exec(3) passes descriptor `fd` on, whatever kind of file it is: it is open and not close-on-exec. */
export function isInheritable(fd: number): boolean {
  const flags = fcntl(fd, platform.F_GETFD, 0);
  return flags >= 0 && (flags & platform.FD_CLOEXEC) === 0;
}

/** Whether O_NONBLOCK is set on the open file behind `fd`, as other programs would see it. */
export function isNonblocking(fd: number): boolean {
  return (fcntl(fd, platform.F_GETFL, 0) & platform.O_NONBLOCK) !== 0;
}
