/**
 * Functions for services under systemd: sockets and files passed at the start, notification about the state of
 * the service, files stored over a restart, the watchdog. They implement systemd's documented, stable protocols
 * without its library; other service managers use the same protocols.
 *
 * Importing this module adds two protocols to `dial`, for connections that a process was started with:
 *
 * - `fd:3` is the inherited descriptor 3. The connection owns it from then on; of 0, 1 and 2 (`inetd`
 *   services) it owns a duplicate. A descriptor that this process opened itself is refused with
 *   `Deno.errors.Busy`, and so is one that was taken before.
 * - `systemd:connection` is the first connection passed under that name (`Accept=yes` services).
 *
 * Needs FFI permission, and `--allow-env` for the variables that each function names. What the service
 * manager starts has to be Deno's own executable (`Deno.execPath()`): a launcher that runs it as a child
 * process would be the one that the variables are meant for.
 *
 * @example A service in a few lines
 * ```ts
 * import { Listener, unix } from "@denet/unix";
 * import { listenFds, notify } from "@denet/unix/systemd";
 *
 * const [passed] = listenFds();
 * using listener = passed?.file instanceof Listener
 *   ? passed.file
 *   : unix.listen(`${Deno.makeTempDirSync()}/app.sock`);
 * await notify({ ready: true });
 * ```
 *
 * @module
 */

import "../../ffi/runtime.ts";
import "./provider.ts";

export { listenFds, type PassedFile } from "./listen_fds.ts";
export { notify, notifyBarrier, type NotifyOptions, notifySync } from "./notify.ts";
export type { NotifyState } from "./notify_state.ts";
export { watchdogInterval } from "./watchdog.ts";
export type { FileLike } from "../fd/file_like.ts";
export type { FileMapping, MapOptions } from "../fd/mapping.ts";
export type { MemfdOptions } from "../fd/memfd.ts";
export type { OpenOptions } from "../fd/open.ts";
export type { Seal } from "../fd/seals.ts";
export { OwnedFd } from "../handle/owned_fd.ts";
export { Listener } from "../handle/listener.ts";
export { Socket } from "../handle/socket.ts";
