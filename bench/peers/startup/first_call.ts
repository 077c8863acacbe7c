import { unix } from "../../../mod.ts";

const [a, b] = unix.socketpair();
a.close();
b.close();
