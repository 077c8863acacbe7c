/**
 * Which events are printed.
 *
 * @module
 */

import type { Passed, TapEvent } from "./events.ts";
import type { Filter } from "./options.ts";

/** Whether an event passes every filter. */
export function passes(event: TapEvent, filter: Filter): boolean {
  if (event.event === "listen" || event.event === "lost" || event.event === "summary") return true;
  const { pid, uid, command } = filter;
  const { process } = event;
  if (pid !== undefined && process.pid !== pid) return false;
  if (uid !== undefined && process.uid !== uid) return false;
  if (command !== undefined && !command.test(process.command)) return false;
  return event.event !== "message" || passesMessage(event, filter);
}

function passesMessage({ from, files, data }: Passed, filter: Filter): boolean {
  if (filter.from !== undefined && filter.from !== from) return false;
  if (filter.files && files.length === 0) return false;
  return filter.match === undefined || filter.match.test(new TextDecoder().decode(data));
}
