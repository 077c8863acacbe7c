/**
 * HAProxy as a web server, and as one that gives its sockets to its successor.
 *
 * @module
 */

import { freePort } from "../util/free_port.ts";
import type { TempDir } from "../util/tempdir.ts";
import { daemon, type Running } from "./daemon.ts";

export async function startHaproxy(dir: TempDir, stack: AsyncDisposableStack): Promise<Running> {
  const socket = dir.join("http");
  Deno.writeTextFileSync(
    dir.join("haproxy.cfg"),
    `defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 10s
frontend f
  bind unix@${socket}
  http-request return status 200 content-type text/plain string "the answer"
`,
  );
  await daemon(stack, socket, "haproxy", "-db", "-f", dir.join("haproxy.cfg"));
  return { socket };
}

/** A haproxy that gives its listening sockets to its successor. */
export async function startHaproxyWithStats(
  dir: TempDir,
  stack: AsyncDisposableStack,
): Promise<Running> {
  const socket = dir.join("stats");
  const port = freePort();
  const config = (stats: string): string =>
    `global
  stats socket ${stats} level admin expose-fd listeners
defaults
  mode tcp
  timeout client 10s
  timeout server 10s
  timeout connect 10s
frontend f
  bind 127.0.0.1:${port}
`;
  Deno.writeTextFileSync(dir.join("old.cfg"), config(socket));
  Deno.writeTextFileSync(dir.join("new.cfg"), config(dir.join("stats2")));
  await daemon(stack, socket, "haproxy", "-db", "-f", dir.join("old.cfg"));
  return { socket };
}

/** Start a successor that asks for the sockets, and end it. */
export async function succeedHaproxy(socket: string, dir: TempDir): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const args = ["-db", "-f", dir.join("new.cfg"), "-x", socket, "-V"];
  const next = await daemon(stack, dir.join("stats2"), "haproxy", ...args);
  next.kill("SIGTERM");
  await next.status;
  const lines = (await next.stderr).split("\n");
  return lines.filter((it) => /socket/i.test(it)).join("\n") || "no complaint";
}
