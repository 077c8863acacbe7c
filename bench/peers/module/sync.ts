import { Msghdr, OwnedFd, recvmsgSync, sendmsgSync, unix } from "../../../mod.ts";
import type { Part } from "../conn/protocol.ts";

/**
 * One descriptor through a socket pair, on the raw layer or on the socket's methods. Programs send another
 * descriptor each time; `""` and `high` send one again and again, with a header that stays as it is.
 */
export function passSync(_role: string, _path: string, variant: string): Part {
  // The numbers alone: an owner that only the first message knew of could become garbage, and close it.
  const files = [0, 1, 2].map(() => OwnedFd.open("/dev/null").detach());
  const [file = 0] = files;
  const pair = unix.socketpair();
  switch (variant) {
    case "rebuilt":
      return { run: passRebuilt(pair, files) };
    case "usual":
      return { run: passUsual(pair, files) };
    case "high":
      return { run: passHigh(pair, file) };
  }
  return { run: passRaw(pair, file) };
}

type Run = (operations: number) => number;
type Pair = readonly [unix.Socket, unix.Socket];

function passRaw([a, b]: Pair, file: number): Run {
  const out = new Msghdr();
  const back = new Msghdr();
  const sent = new Uint8Array(1);
  const received = new Uint8Array(1);
  out.addVector(sent);
  unix.addFiles(out, file);
  back.addVector(received);
  unix.allocFiles(back, 1);
  return (operations) => {
    let right = 0;
    for (let i = 0; i < operations; i++) {
      sent[0] = i & 0xff;
      sendmsgSync(a, out);
      recvmsgSync(b, back);
      const [fd] = unix.recvFiles(back, 1);
      if (fd && received[0] === (i & 0xff)) right++;
      fd?.close();
    }
    return right;
  };
}

function passRebuilt([a, b]: Pair, files: readonly number[]): Run {
  const out = new Msghdr();
  const back = new Msghdr();
  return (operations) => {
    let right = 0;
    for (let i = 0; i < operations; i++) {
      out.reset();
      out.addVector(new Uint8Array([i & 0xff]));
      unix.addFiles(out, files[i % files.length] ?? -1);
      sendmsgSync(a, out);
      const received = new Uint8Array(1);
      back.reset();
      back.addVector(received);
      unix.allocFiles(back, 1);
      recvmsgSync(b, back);
      const [fd] = unix.recvFiles(back, 1);
      if (fd && received[0] === (i & 0xff)) right++;
      fd?.close();
    }
    return right;
  };
}

function passUsual([a, b]: Pair, files: readonly number[]): Run {
  return (operations) => {
    let right = 0;
    for (let i = 0; i < operations; i++) {
      a.sendSync({ data: new Uint8Array([i & 0xff]), files: [files[i % files.length] ?? -1] });
      const message = b.receiveSync({ files: 1 });
      if (message?.files.length === 1 && message.data[0] === (i & 0xff)) right++;
      message?.files[0]?.close();
    }
    return right;
  };
}

function passHigh([a, b]: Pair, file: number): Run {
  const data = new Uint8Array(1);
  const buffer = new Uint8Array(1);
  const outgoing = { data, files: [file] };
  const incoming = { buffer, files: 1 };
  return (operations) => {
    let right = 0;
    for (let i = 0; i < operations; i++) {
      data[0] = i & 0xff;
      a.sendSync(outgoing);
      const message = b.receiveSync(incoming);
      if (message?.files.length === 1 && message.data[0] === (i & 0xff)) right++;
      message?.files[0]?.close();
    }
    return right;
  };
}

/** 64 bytes through a socket pair, as bytes or as messages. */
export function smallSync(_role: string, _path: string, variant: string): Part {
  const pair = unix.socketpair();
  return { run: variant === "high" ? smallMessages(pair) : smallBytes(pair) };
}

function smallBytes([a, b]: Pair): Run {
  const sent = new Uint8Array(64);
  const received = new Uint8Array(64);
  return (operations) => {
    let right = 0;
    for (let i = 0; i < operations; i++) {
      sent[0] = i & 0xff;
      a.writeSync(sent);
      if (b.readSync(received) === 64 && received[0] === (i & 0xff)) right++;
    }
    return right;
  };
}

function smallMessages([a, b]: Pair): Run {
  const data = new Uint8Array(64);
  const outgoing = { data };
  const incoming = { buffer: new Uint8Array(64) };
  return (operations) => {
    let right = 0;
    for (let i = 0; i < operations; i++) {
      data[0] = i & 0xff;
      a.sendSync(outgoing);
      const message = b.receiveSync(incoming);
      if (message?.data.length === 64 && message.data[0] === (i & 0xff)) right++;
    }
    return right;
  };
}
