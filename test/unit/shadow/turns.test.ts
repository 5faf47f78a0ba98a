import { expect, test } from "vitest";
import { PgError } from "../../../src/core/pg-error.ts";
import { Turns } from "../../../src/shadow/turns.ts";

const NEVER = new AbortController().signal;

test("callers enter one at a time and in their order", async () => {
  const turns = new Turns();
  const seen: string[] = [];
  const visit = async (name: string) => {
    using _turn = await turns.take(NEVER);
    seen.push(`${name} in`);
    await Promise.resolve();
    seen.push(`${name} out`);
  };

  await Promise.all([visit("a"), visit("b"), visit("c")]);

  expect(seen).toEqual(["a in", "a out", "b in", "b out", "c in", "c out"]);
  expect(turns.idle).toBe(true);
});

test("whoever gives up while waiting leaves the queue with the reason", async () => {
  const turns = new Turns();
  const first = await turns.take(NEVER);
  const abort = new AbortController();
  const second = turns.take(abort.signal);
  const third = turns.take(NEVER);
  const reason = new PgError("query_canceled", "canceling statement due to user request");

  abort.abort(reason);
  await expect(second).rejects.toBe(reason);
  first[Symbol.dispose]();

  using _turn = await third;
  expect(turns.idle).toBe(false);
});

test("a signal that has already aborted does not get a turn", async () => {
  const turns = new Turns();

  await expect(turns.take(AbortSignal.abort(new Error("too late")))).rejects.toThrow("too late");
  expect(turns.idle).toBe(true);
});
