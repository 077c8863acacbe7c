/**
 * unixtap: sits between clients and a Unix socket and prints what goes through.
 *
 * @module
 */

import { type Listener, type Socket, type SocketType, unix } from "@denet/unix";
import config from "../../deno.json" with { type: "json" };
import { bound, oneLine, run, UsageError, warn } from "../cli.ts";
import { serve } from "./connections.ts";
import { DatagramTap } from "./datagrams.ts";
import { passes } from "./filter.ts";
import { formatFor } from "./format.ts";
import { HELP, type Options, readOptions } from "./options.ts";
import { Output } from "./output.ts";
import type { Observer } from "./tap.ts";
import { typeOf } from "./target.ts";

const NAME = "unixtap";

function typeFor(options: Options, stop: AbortSignal): Promise<SocketType> {
  if (options.type !== undefined) return Promise.resolve(options.type);
  return typeOf(options.target, stop).catch((error) => {
    if (options.keepGoing && !stop.aborted) return "stream";
    throw error;
  });
}

/** Bind LISTEN. */
function door({ listen, mode, replace }: Options, type: SocketType): Listener | Socket {
  const options = listen.startsWith("@") ? {} : { mode, replaceStale: replace };
  return bound<Listener | Socket>(
    listen,
    replace,
    () => type === "dgram" ? unix.bind(listen, options) : unix.listen(listen, { type, ...options }),
  );
}

function isColored({ color, output, json }: Options): boolean {
  if (color !== "auto") return color === "always";
  return !json && output === undefined && !Deno.env.get("NO_COLOR") && Deno.stdout.isTerminal();
}

function observerFor({ bytes, filter }: Options, output: Output): Observer {
  return {
    report: (event) => {
      if (!passes(event, filter)) return;
      output.add(
        event.event === "message" ? { ...event, data: event.data.slice(0, bytes) } : event,
      );
    },
    get room() {
      return output.room;
    },
  };
}

async function tap(args: string[], stop: AbortSignal): Promise<number> {
  const options = readOptions(args);
  if (typeof options === "string") {
    console.log(options === "help" ? HELP : `${NAME} ${config.version}`);
    return 0;
  }
  const { listen, target, keepGoing, once } = options;
  const type = await typeFor(options, stop);
  stop.throwIfAborted();
  if (type === "dgram" && once) throw new UsageError("Datagrams make no connections for --once");
  using entrance = door(options, type);
  const now = Date.now();
  const output = new Output(options.output, formatFor(options, isColored(options), now));
  const observer = observerFor(options, output);
  output.add({ event: "listen", time: now, listen, target, type });
  const open = new Set<Socket>();
  const service = {
    observer,
    once,
    open,
    connect: () => unix.connect(target, { type, signal: stop }),
    unreachable: (error: unknown) => {
      if (!keepGoing || stop.aborted) throw error;
      warn(NAME, oneLine(error));
    },
  };
  const stopped = Promise.withResolvers<never>();
  stop.addEventListener("abort", () => stopped.reject(stop.reason));
  try {
    if ("accept" in entrance) {
      await Promise.race([serve(entrance, service), output.failed, stopped.promise]);
    } else {
      using datagrams = new DatagramTap(entrance, target, observer);
      await Promise.race([datagrams.serve(), output.failed, stopped.promise]);
    }
    await Promise.race([output.end(), stopped.promise]);
    return 0;
  } finally {
    for (const socket of open) socket.close();
    entrance.close();
    await output.endSoon();
  }
}

await run(NAME, tap);
