import { unix } from "../../../mod.ts";

const [a, b] = unix.socketpair();
const waiting = b.read(new Uint8Array(1));
await a.write(new Uint8Array(1));
await waiting;
a.close();
b.close();
