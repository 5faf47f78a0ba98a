/** What a script of frontend messages is made of. */

/** When the answer to a step is complete. */
export type Until =
  /** So many ReadyForQuery have come. */
  | { readonly ready: number }
  /** Nothing more comes, though the conversation goes on: what Flush is for. */
  | "quiet"
  /** The server has closed the connection. */
  | "closed";

export interface Step {
  /** Each is one write to the socket. */
  readonly writes: readonly Buffer[];
  readonly until: Until;
}

export interface Script {
  readonly name: string;
  readonly steps: readonly Step[];
}

export function script(name: string, ...steps: readonly Step[]): Script {
  return { name, steps };
}

/** One write, answered up to the first ReadyForQuery. */
export function ready(...messages: readonly Buffer[]): Step {
  return readyTimes(1, ...messages);
}

/** One write, answered by so many ReadyForQuery. */
export function readyTimes(count: number, ...messages: readonly Buffer[]): Step {
  return { writes: [Buffer.concat(messages)], until: { ready: count } };
}

/** One write, answered without a ReadyForQuery, or not at all. */
export function quiet(...messages: readonly Buffer[]): Step {
  return { writes: [Buffer.concat(messages)], until: "quiet" };
}

/** One write after which the server closes the connection. */
export function closed(...messages: readonly Buffer[]): Step {
  return { writes: [Buffer.concat(messages)], until: "closed" };
}

/** The same bytes in pieces of `size`, each a write of its own. */
export function inPieces(size: number, { writes, until }: Step): Step {
  const bytes = Buffer.concat(writes);
  const count = Math.ceil(bytes.length / size);
  return {
    writes: Array.from({ length: count }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    ),
    until,
  };
}
