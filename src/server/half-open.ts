/** A connection without a session: its client has not logged in yet, or has left and not closed it. */
export interface HalfOpenConnection {
  readonly remoteAddress: string;
  /** Closes it, whatever it is doing. */
  drop(): void;
}

/** How far it has come: until it has said who it is, it costs its client nothing. */
export type Stage = "silent" | "logging in" | "leaving";

/**
 * The connections without a session, of which there is room for so many. One more is let in all the
 * same: the oldest goes, of the address and stage that has the most. So whoever opens thousands
 * closes their own, and a login in between is disturbed by nothing but a login of its own address
 * that began after so many others.
 */
export class HalfOpenConnections {
  readonly #room: number;
  /** In the order in which they came. */
  readonly #groups = new Map<string, Set<HalfOpenConnection>>();
  readonly #groupOf = new Map<HalfOpenConnection, string>();

  constructor(room: number) {
    this.#room = room;
  }

  get size(): number {
    return this.#groupOf.size;
  }

  /** It is new, or has come to another stage. */
  put(connection: HalfOpenConnection, stage: Stage): void {
    this.remove(connection);
    const name = `${stage} ${network(connection.remoteAddress)}`;
    const group = this.#groups.get(name) ?? new Set();
    group.add(connection);
    this.#groups.set(name, group);
    this.#groupOf.set(connection, name);
    if (this.size > this.#room) this.#dropOne();
  }

  /** It has a session, or is closed. */
  remove(connection: HalfOpenConnection): void {
    const name = this.#groupOf.get(connection);
    if (name === undefined) return;
    this.#groupOf.delete(connection);
    const group = this.#groups.get(name);
    group?.delete(connection);
    if (group?.size === 0) this.#groups.delete(name);
  }

  #dropOne(): void {
    let largest: ReadonlySet<HalfOpenConnection> = new Set();
    for (const group of this.#groups.values()) if (group.size > largest.size) largest = group;
    const [oldest] = largest;
    if (oldest === undefined) return;
    this.remove(oldest);
    oldest.drop();
  }
}

/** Whoever has one IPv6 address has 2^64 of them. */
function network(address: string): string {
  return address.includes(":") && !address.startsWith("::ffff:")
    ? expanded(address).slice(0, 4).join(":")
    : address;
}

function expanded(address: string): readonly string[] {
  const [head = "", tail] = address.split("::");
  const front = head.split(":").filter((part) => part !== "");
  if (tail === undefined) return front;
  const back = tail.split(":").filter((part) => part !== "");
  return [
    ...front,
    ...Array<string>(Math.max(0, 8 - front.length - back.length)).fill("0"),
    ...back,
  ];
}
