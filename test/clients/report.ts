/** How a script in TypeScript reports its things. */
import { isDeepStrictEqual } from "node:util";
import { THINGS } from "./things.ts";

/** Does one thing and prints its line. */
export async function thing(number: number, body: () => Promise<void>): Promise<void> {
  try {
    await body();
    console.log(`ok ${number} ${THINGS[number - 1]}`);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    console.log(`not ok ${number} ${THINGS[number - 1]}: ${text.replaceAll(/\s+/g, " ")}`);
  }
}

export function skip(number: number, reason: string): void {
  console.log(`skip ${number} ${THINGS[number - 1]}: ${reason}`);
}

export function same(got: unknown, expected: unknown): void {
  if (isDeepStrictEqual(got, expected)) return;
  throw new Error(`got ${text(got)} instead of ${text(expected)}`);
}

/** The code that this work fails with. */
export async function codeOf(work: Promise<unknown>): Promise<unknown> {
  const error = await work.then(
    () => new Error("it succeeded"),
    (error: unknown) => error,
  );
  return error instanceof Error && "code" in error ? error.code : String(error);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "bigint" ? `${part}n` : part,
  );
}
