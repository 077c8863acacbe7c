import type { Part, Setup } from "./protocol.ts";
import { background, readFull, type Transport, writeFull } from "./transport.ts";

const size = 65536;

/** Writes of 64 KiB; the server answers with the number of bytes once all are there. */
export function throughput(transport: Transport): Setup {
  return async (role, path, variant): Promise<Part> => {
    const streams = variant === "streams";
    if (role === "server") {
      background(transport, path, streams ? drainStream : drain);
      return {};
    }
    const conn = await transport.connect(path);
    return { run: streams ? (n) => pourStream(conn, n) : (n) => pour(conn, n) };
  };
}

async function pour(conn: Deno.Conn, operations: number): Promise<number> {
  const data = new Uint8Array(size).fill(0x5a);
  await writeFull(conn, announcement(operations));
  for (let i = 0; i < operations; i++) await writeFull(conn, data);
  return await confirmed(conn);
}

async function pourStream(conn: Deno.Conn, operations: number): Promise<number> {
  const data = new Uint8Array(size).fill(0x5a);
  const writer = conn.writable.getWriter();
  await writer.write(announcement(operations));
  for (let i = 0; i < operations; i++) await writer.write(data);
  writer.releaseLock();
  return await confirmed(conn);
}

function announcement(operations: number): Uint8Array {
  return new Uint8Array(new BigUint64Array([BigInt(operations * size)]).buffer);
}

async function confirmed(conn: Deno.Conn): Promise<number> {
  const answer = new BigUint64Array(1);
  if (!await readFull(conn, new Uint8Array(answer.buffer))) return 0;
  return Number(answer[0]) / size;
}

async function drain(conn: Deno.Conn): Promise<void> {
  const header = new BigUint64Array(1);
  const buffer = new Uint8Array(size);
  while (await readFull(conn, new Uint8Array(header.buffer))) {
    let seen = 0;
    while (seen < Number(header[0])) {
      const count = await conn.read(buffer);
      if (count === null) return;
      seen += count;
    }
    await writeFull(conn, confirmation(seen));
  }
}

// The announcement comes in one chunk, perhaps with the first data behind it.
async function drainStream(conn: Deno.Conn): Promise<void> {
  const writer = conn.writable.getWriter();
  let expected = 0;
  let seen = 0;
  for await (const chunk of conn.readable) {
    if (expected === 0) {
      expected = Number(new DataView(chunk.buffer, chunk.byteOffset).getBigUint64(0, true));
      seen = -8;
    }
    seen += chunk.length;
    if (seen < expected) continue;
    await writer.write(confirmation(seen));
    expected = 0;
  }
}

function confirmation(seen: number): Uint8Array {
  return new Uint8Array(new BigUint64Array([BigInt(seen)]).buffer);
}
