/**
 * The names of messages of Wayland, from its core and from protocol files.
 *
 * @module
 */

/** An argument of a message. */
export interface WaylandArgument {
  readonly name: string;
  /** `int`, `uint`, `fixed`, `string`, `object`, `new_id`, `array` or `fd`. */
  readonly type: string;
  /** The interface of a new object, where the protocol fixes it. */
  readonly interface: string | undefined;
}

/** A request or an event. */
export interface WaylandMessage {
  readonly name: string;
  readonly arguments: readonly WaylandArgument[];
}

/** An interface. */
export interface WaylandInterface {
  readonly requests: readonly WaylandMessage[];
  readonly events: readonly WaylandMessage[];
}

/** Interfaces by their names. */
export type WaylandProtocol = ReadonlyMap<string, WaylandInterface>;

/** What is needed to follow which object is what, when there is no protocol file. */
const CORE = `
<interface name="wl_display">
  <request name="sync"><arg name="callback" type="new_id" interface="wl_callback"/></request>
  <request name="get_registry">
    <arg name="registry" type="new_id" interface="wl_registry"/></request>
  <event name="error"><arg name="object_id" type="object"/><arg name="code" type="uint"/>
    <arg name="message" type="string"/></event>
  <event name="delete_id"><arg name="id" type="uint"/></event>
</interface>
<interface name="wl_registry">
  <request name="bind"><arg name="name" type="uint"/><arg name="id" type="new_id"/></request>
  <event name="global"><arg name="name" type="uint"/><arg name="interface" type="string"/>
    <arg name="version" type="uint"/></event>
  <event name="global_remove"><arg name="name" type="uint"/></event>
</interface>
<interface name="wl_callback">
  <event name="done"><arg name="callback_data" type="uint"/></event>
</interface>`;

/**
 * Read protocol files: XML as wayland-scanner takes it.
 *
 * @throws {Error} If one has no interface.
 */
export function readWaylandProtocols(
  files: readonly { readonly path: string; readonly text: string }[],
): WaylandProtocol {
  const protocol = new Map<string, WaylandInterface>();
  for (const { path, text } of [{ path: "", text: CORE }, ...files]) {
    const before = protocol.size;
    addInterfaces(text.replace(/<!--.*?-->/gs, ""), protocol);
    if (protocol.size === before && path !== "" && !text.includes("<interface")) {
      throw new Error(`Cannot use "${path}" for --protocol: it describes no interface of Wayland`);
    }
  }
  return protocol;
}

function addInterfaces(text: string, protocol: Map<string, WaylandInterface>): void {
  for (
    const [, attributes = "", body = ""] of text.matchAll(
      /<interface\b([^>]*)>(.*?)<\/interface>/gs,
    )
  ) {
    const messages = (kind: string): WaylandMessage[] => {
      const found = body.matchAll(
        new RegExp(`<${kind}\\b([^>]*?)(?:/>|>(.*?)</${kind}>)`, "gs"),
      );
      return [...found].map(([, own = "", inner = ""]) => ({
        name: attribute(own, "name") ?? "unnamed",
        arguments: [...inner.matchAll(/<arg\b([^>]*)>/g)].map(([, arg = ""]) => ({
          name: attribute(arg, "name") ?? "",
          type: attribute(arg, "type") ?? "uint",
          interface: attribute(arg, "interface"),
        })),
      }));
    };
    const name = attribute(attributes, "name");
    if (name === undefined) continue;
    protocol.set(name, { requests: messages("request"), events: messages("event") });
  }
}

function attribute(text: string, name: string): string | undefined {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1];
}
