/**
 * Random FETCH and MOVE statements, the same at every run, and the reading of their answers. What
 * PostgreSQL answers is in cursor-recorded.json, which record-cursors.ts writes.
 */
import type { BackendMessage } from "../support/backend.ts";

export interface CursorSequence {
  readonly scroll: "SCROLL" | "NO SCROLL";
  /** Of numbers from 1 on, in order. */
  readonly rows: number;
  readonly statements: readonly string[];
}

/** PostgreSQL's parser takes a sign and a number, or none, in each of these. */
const COUNTED = ["", "FORWARD ", "BACKWARD ", "ABSOLUTE ", "RELATIVE "] as const;
const PLAIN = [
  "NEXT",
  "PRIOR",
  "FIRST",
  "LAST",
  "ALL",
  "FORWARD",
  "BACKWARD",
  "FORWARD ALL",
  "BACKWARD ALL",
] as const;

export function cursorSequences(): readonly CursorSequence[] {
  const random = generator(20_241);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(from: readonly T[], fallback: T): T => from[below(from.length)] ?? fallback;
  return Array.from({ length: 90 }, (_, index) => ({
    scroll: index % 3 === 0 ? ("NO SCROLL" as const) : ("SCROLL" as const),
    rows: pick([0, 1, 2, 5, 9], 5),
    statements: Array.from({ length: 12 }, () => {
      const motion = random() < 0.45 ? pick(PLAIN, "NEXT") : `${pick(COUNTED, "")}${below(15) - 5}`;
      return `${random() < 0.3 ? "MOVE" : "FETCH"} ${motion} FROM c`;
    }),
  }));
}

/** The rows and the tag, or the SQLSTATE. */
export function answerOf(messages: readonly BackendMessage[]): string {
  const parts = messages.map((message) => {
    switch (message.type) {
      case "DataRow":
        return (message["values"] as readonly string[])[0];
      case "CommandComplete":
        return String(message["tag"]);
      case "ErrorResponse":
        return `${String(message["code"])} ${String(message["message"])}`;
      default:
        return undefined;
    }
  });
  return parts.filter((part) => part !== undefined).join(",");
}

/**
 * One cursor's life. A NO SCROLL cursor fails soon: each motion that it refuses is answered by a new
 * cursor, moved to where the old one stood after the same motions but that one.
 */
export async function answersTo(
  { scroll, rows, statements }: CursorSequence,
  from: string,
  ask: (sql: string) => Promise<readonly BackendMessage[]>,
): Promise<readonly string[]> {
  const declare = `DECLARE c ${scroll} CURSOR FOR SELECT n FROM ${from} WHERE n <= ${rows} ORDER BY n`;
  const answers: string[] = [];
  const survived: string[] = [];
  await ask("BEGIN");
  await ask(declare);
  for (const sql of statements) {
    const answer = answerOf(await ask(sql));
    answers.push(answer);
    if (!answer.startsWith("55000")) {
      survived.push(sql);
      continue;
    }
    await ask("ROLLBACK");
    await ask("BEGIN");
    await ask(declare);
    for (const before of survived) await ask(before);
  }
  await ask("ROLLBACK");
  return answers;
}

/** The "mulberry32" generator. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
