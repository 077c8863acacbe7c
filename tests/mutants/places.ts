/**
 * Single places whose change no program could notice, by file, with the reasons.
 *
 * @module
 */

import { ENGINE_PLACES } from "./engine_places.ts";

/** A change of one place: the text of its line, and what is replaced in it. */
export interface Place {
  readonly line: string;
  readonly was: string;
  /** Which of several equal ones, counted from 0. */
  readonly nth?: number;
  readonly why: string;
}

export const PLACES: Readonly<Record<string, readonly Place[]>> = {
  ...ENGINE_PLACES,
  "lib/address/destination.ts": [
    {
      line:
        "const temporary = joined(directory, fromLatin1(`.${crypto.randomUUID().slice(0, 8)}`));",
      was: "0",
      nth: 0,
      why: "seven random characters are as good a name as eight",
    },
  ],
  "lib/fd/eventfd.ts": [
    {
      line: "const text = new Uint8Array(512);",
      was: "512",
      why: "the file has less than 200 bytes",
    },
    {
      line:
        "/^eventfd-count:\\s*([0-9a-f]+)$/m.exec(new TextDecoder().decode(text.subarray(0, length))) ??",
      was: "0",
      why: "the count is on a later line",
    },
  ],
  "lib/fd/file_io.ts": [
    {
      line: "if (count > 0) viewOf(this.#bytes, 0, count).set(this.#own.subarray(0, count));",
      was: ">",
      why: "copying nothing changes nothing",
    },
  ],
  "lib/fd/file_like.ts": [
    {
      line: "const copy = fcntl(fd, platform.F_DUPFD_CLOEXEC, 0);",
      was: "0",
      why: "a shortage is found at any number to begin from",
    },
  ],
  "lib/fd/memfd.ts": [
    {
      line: "const flags = MFD_CLOEXEC | (seals === undefined ? 0 : MFD_ALLOW_SEALING);",
      was: "0",
      why: "the bit that one more sets is MFD_CLOEXEC, which is set",
    },
  ],
  "lib/fd/streams.ts": [
    {
      line: "if (this.#ending.isOver) return;",
      was: "return;",
      why: "a stream that has ended takes nothing more",
    },
  ],
  "lib/fd/terminal.ts": [
    {
      line:
        "return events > 0 && (events & POLLHUP) !== 0 && (events & POLLIN) === 0 && isTerminalMaster(fd);",
      was: ">",
      why: "no events have no POLLHUP",
    },
  ],
  "lib/frames/companions.ts": [
    {
      line: "if (files.length > 0) this.#files.push({ at, what: files });",
      was: ">",
      why: "no descriptors are as many with a note of them",
    },
  ],
  "lib/frames/frame_buffer.ts": [
    {
      line:
        "if (this.bytes.byteLength - this.end < size) this.#move(Math.max(length + size, 2 * length));",
      was: "2",
      why: "how much more memory there is than needed only tunes",
    },
    { line: "leave(bytes);", was: "leave(bytes);", why: "new memory does as well" },
    {
      line: "const limit = whole !== undefined && whole > SIZE ? whole : Infinity;",
      was: "&&",
      why: "whether a small frame gets memory of its own only tunes",
    },
    {
      line: "if (spare === undefined && memory.byteLength === SIZE) spare = memory;",
      was: "spare = memory;",
      why: "new memory does as well",
    },
    {
      line: "this.#isSpare = limit === Infinity && length <= SIZE / 2;",
      was: "2",
      why: "which half of two is copied to the other only tunes",
    },
    {
      line: "this.#move(Math.min(limit, Math.max(SIZE, 2 * length)));",
      was: "2",
      why: "how much more memory there is than needed only tunes",
    },
    {
      line:
        "} else if (bytes.byteLength > SMALL && length * 4 < bytes.byteLength) this.#move(length);",
      was: "<",
      why: "at which part of the memory the rest is given back only tunes",
    },
    {
      line: "else if (size >= this.length) this.#takeSpare(this.length + size);",
      was: ">=",
      why: "which half of two equal ones is copied to the other only tunes",
    },
  ],
  "lib/frames/frame_reader.ts": [
    {
      line: "const length = size ?? this.#length ?? 0;",
      was: "0",
      why: "the length is known by then",
    },
  ],
  "lib/frames/framing.ts": [
    {
      line: "ends.set(made, frameEnd);",
      was: "ends.set(made, frameEnd);",
      why: "the framing finds the same end without it, slower",
    },
    { line: "bodies.add(body);", was: "bodies.add(body);", why: "the same body is made earlier" },
    {
      line: "return body !== undefined && bodies.has(body) ? body : undefined;",
      was: "!==",
      why: "the same body is made earlier",
    },
  ],
  "lib/handle/files_first.ts": [
    {
      line: "control.arrived = count < 0 ? 0 : header.controlLength;",
      was: "0",
      nth: 0,
      why: "the end of a stream brings no control data",
    },
    {
      line: "control.arrived = count < 0 ? 0 : header.controlLength;",
      was: "<",
      why: "the end of a stream brings no control data",
    },
  ],
  "lib/handle/message_receiver.ts": [
    {
      line: "noteTaken(state, count >= 0 ? this.#fullLength : undefined);",
      was: ">=",
      why: "what is counted anew is the same",
    },
    {
      line: "if (isStream) header.setName(null);",
      was: "header.setName(null);",
      why: "the name that comes with bytes of a stream is not looked at",
    },
    {
      line: "const mayBeShort = this.#limit > 0 && arrived <= this.#limit && !descriptor.closed;",
      was: ">",
      why: "the reason is not used where no descriptors are asked for",
    },
    {
      line: "const what = arrived > limit",
      was: ">",
      why:
        "with as many descriptors as requested, both sentences are true of a message that was cut",
    },
  ],
  "lib/handle/receive_state.ts": [
    {
      line: 'if (this.type !== "dgram" || !(hasWaited || this.#hasEnded)) return false;',
      was: "||",
      nth: 0,
      why: "an earlier look comes to the same end",
    },
  ],
  "lib/handle/received_fds.ts": [
    {
      line: "if (fd >= 0) into.files = [ownReceived(fd)];",
      was: ">=",
      why: "descriptor 0 is found by the walk through all control data as well",
    },
  ],
  "lib/handle/receiver.ts": [
    {
      line: "header.setName(null);",
      was: "header.setName(null);",
      why: "the name that comes with bytes of a stream is not looked at",
    },
    {
      line: "control.arrived = count < 0 ? 0 : header.controlLength;",
      was: "<",
      why: "the end of a stream brings no control data",
    },
  ],
  "lib/message/cmsg.ts": [
    {
      line: "if (cmsg_len[1] === 8) view.setUint32(offset + cmsg_len[0] + 4, 0, true);",
      was: "+",
      nth: 1,
      why: "the length is the first field, at 0",
    },
  ],
  "lib/message/control.ts": [
    {
      line: "space: cmsgSpace(4, platform),",
      was: "4",
      why: "a sole descriptor is found by the walk through all control data as well",
    },
    {
      line: "this.#words = new Int32Array(this.#buffer.buffer, 0, 32);",
      was: "32",
      why: "the last of the words is used by nothing",
    },
    {
      line: "const isSole = this.#arrived >= SOLE.lengthValue && this.#arrived <= SOLE.space &&",
      was: ">=",
      why: "a sole descriptor is found by the walk through all control data as well",
    },
    {
      line: "this.#buffer = new Uint8Array(Math.max(128, capacity));",
      was: "128",
      why: "more memory than is needed is no fault",
    },
  ],
  "lib/message/header.ts": [
    {
      line: "if (index * 4 >= this.#vectors.length) this.#growVectors();",
      was: "4",
      why: "memory that grows earlier does as well",
    },
    {
      line: "capacity > 0 ? this.#addressOf(bytes, capacity) : 0,",
      was: "0",
      why: "memory without bytes is not looked at",
    },
    { line: "if (this.#hasName === on) return;", was: "return;", why: "the same is written again" },
    {
      line: "if (beyond > 0) this.#setVector(count++, 0, beyond);",
      was: "0",
      nth: 0,
      why: "a single byte beyond is never asked for",
    },
    {
      line: "this.#vectors = new Int32Array(memory, VECTORS_OFFSET, INLINE_VECTORS * 4);",
      was: "4",
      why: "what a longer view reaches is written by nothing",
    },
  ],
  "lib/msghdr/incoming.ts": [
    {
      line: "#isHeld = false;",
      was: "false",
      why: "the message is laid out anew, as it was, which only tunes",
    },
    {
      line: "#isUnread = false;",
      was: "false",
      why: "the first attempt sets it before it is looked at",
    },
    {
      line: "if (this.filled === 0 || count > 0) message.finishReceive(count, this.#named);",
      was: ">",
      why: "behind some bytes, an end is seen by a peek before",
    },
  ],
  "lib/msghdr/outgoing.ts": [
    {
      line: "this.pieces = this.pieces.slice();",
      was: "this.pieces = this.pieces.slice();",
      why: "bytes behind those of the call are never sent: the size bounds it",
    },
  ],
  "lib/msghdr/state.ts": [
    {
      line: "const layout = named ? RECEIVING_NAMED : RECEIVING;",
      was: "named",
      why: "the two layouts are told apart by either name",
    },
    {
      line: "const ready = sockaddr === null ? this.laidOutToSend() : undefined;",
      was: "sockaddr === null",
      why: "a message with a name is never laid out, and laying out anew comes to the same",
    },
  ],
  "lib/socket/bound_file.ts": [
    {
      line: "(own.mode === undefined ? BigInt.asUintN(32, inode) : inode) === own.inode;",
      was: "own.mode === undefined",
      why: "the file systems of Linux number sockets with 32 bits",
    },
  ],
  "lib/socket/connector.ts": [
    {
      line: "const UNSPECIFIED = new Uint8Array(16);",
      was: "16",
      why: "the family alone is looked at",
    },
  ],
  "lib/socket/inspect.ts": [
    {
      line: "return POLLRDHUP !== 0 && (poll(fd, POLLRDHUP, 0) & POLLRDHUP) !== 0;",
      was: "0",
      nth: 0,
      why: "where there is no POLLRDHUP, its bit is never set",
    },
  ],
  "lib/socket/options.ts": [
    {
      line: "export let usesPeekOffsets = false;",
      was: "false",
      why: "asking for an offset where there is none only takes time",
    },
  ],
  "lib/socket/peer.ts": [
    {
      line: "const bytes = readGrowing(fd, platform.SO_PEERGROUPS, 256);",
      was: "256",
      why: "the memory grows to what is needed",
    },
  ],
  "lib/socket/send_bytes.ts": [
    {
      line: "if (length <= PIECE) return send(fd, bytes, MSG_DONTWAIT, length);",
      was: "<=",
      why: "the loop below sends one piece in the same way",
    },
  ],
  "lib/socket/seqpacket.ts": [
    {
      line: "header.setName(null);",
      was: "header.setName(null);",
      why: "the name that comes with a peek is not looked at",
    },
  ],
  "lib/socket/stale_file.ts": [
    {
      line: "const aside = sibling(name, `.${crypto.randomUUID().slice(0, 8)}`);",
      was: "0",
      nth: 0,
      why: "seven random characters are as good a name as eight",
    },
    {
      line:
        'const fd = check(socket(platform.SOCK_DGRAM, { cloexec: true, nonblocking: true }), "socket");',
      was: "true",
      nth: 1,
      why: "connect(2) of a datagram socket waits for nothing",
    },
  ],
  "lib/socket/write_batch.ts": [
    {
      line:
        "for (let i = this.#done; i < this.#writes.length && vectors.length < MAX_VECTORS; i++) {",
      was: "<",
      nth: 1,
      why: "the header takes no more vectors",
    },
    {
      line: "write.reject(length < 0 ? noBytes(bytes) : bufferDetachedError());",
      was: "<",
      why: "memory of no bytes cannot have become smaller",
    },
  ],
  "lib/unix/connect.ts": [
    {
      line: "typeNumber(type);",
      was: "typeNumber(type);",
      why: "making the socket checks its type as well, before any system call",
    },
    {
      line: "if (made.busyPoll > 0) socket.busyPoll = made.busyPoll;",
      was: ">",
      why: "0 is what it is at first",
    },
  ],
  "lib/unix/listen.ts": [
    {
      line: "if (busyPoll > 0) descriptor.busyPoll = busyPoll;",
      was: ">",
      why: "0 is what it is at first",
    },
  ],
};
