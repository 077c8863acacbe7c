/**
 * The messages of PostgreSQL whose names say enough.
 *
 * @module
 */

/** Messages of the client, by their letters. */
export const CLIENT: Readonly<Record<string, string>> = {
  B: "Bind",
  C: "Close",
  D: "Describe",
  E: "Execute",
  H: "Flush",
  S: "Sync",
  X: "Terminate",
  c: "CopyDone",
  d: "CopyData",
  f: "CopyFail",
  F: "FunctionCall",
};
/** Messages of the server. */
export const SERVER: Readonly<Record<string, string>> = {
  "1": "ParseComplete",
  "2": "BindComplete",
  "3": "CloseComplete",
  I: "EmptyQueryResponse",
  K: "BackendKeyData",
  n: "NoData",
  s: "PortalSuspended",
  c: "CopyDone",
  d: "CopyData",
  G: "CopyInResponse",
  H: "CopyOutResponse",
  t: "ParameterDescription",
  v: "NegotiateProtocolVersion",
  V: "FunctionCallResponse",
};
