import { connecting } from "./connect.ts";
import { echo, manyEchoes, worker } from "./echo.ts";
import { frames, largeFrames } from "./frames.ts";
import type { Work } from "./harness/types.ts";
import { fanOut, fanOutP99, longestTurn } from "./hogs.ts";
import { idle } from "./idle.ts";
import { memory } from "./memory.ts";
import { datagrams, seqpacket } from "./messages.ts";
import { oneshot } from "./oneshot.ts";
import { passing } from "./pass.ts";
import { roundtrip, roundtripPinned, roundtripTwo } from "./roundtrip.ts";
import { startup } from "./startup.ts";
import { relayBulk, relayMemory, relaySmall, relaySmallP99 } from "./relay.ts";
import { passSync, smallSync } from "./sync.ts";
import { oneWay } from "./throughput.ts";
import { unixtap, unixtapProgram } from "./unixtap.ts";

/** Every work, in the order it is run and shown. */
export const works: readonly Work[] = [
  passSync,
  smallSync,
  roundtrip,
  roundtripPinned,
  roundtripTwo,
  oneWay,
  echo,
  manyEchoes,
  worker,
  frames,
  largeFrames,
  connecting,
  passing,
  datagrams,
  seqpacket,
  fanOut,
  fanOutP99,
  longestTurn,
  idle,
  memory,
  oneshot,
  startup,
  unixtap,
  unixtapProgram,
  relaySmall,
  relaySmallP99,
  relayBulk,
  relayMemory,
];
