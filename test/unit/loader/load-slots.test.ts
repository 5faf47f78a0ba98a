import { expect, test } from "vitest";
import { LOAD_SLOTS, LoadSlots } from "../../../src/loader/load-slots.ts";

const SMALL = 1000;
const LARGE = 1024 ** 3;
const signal = (): AbortSignal => new AbortController().signal;

test("a small load does not wait for large ones, however many there are", async () => {
  const slots = new LoadSlots();
  const admitted: string[] = [];
  const large = ["a", "b", "c", "d"].map(async (name) => {
    const slot = await slots.take(LARGE, signal());
    admitted.push(name);
    return slot;
  });
  const small = await slots.take(SMALL, signal());
  expect(admitted).toEqual(["a", "b"]);

  small[Symbol.dispose]();
  (await large[0])?.[Symbol.dispose]();
  await large[2];
  expect(admitted).toEqual(["a", "b", "c"]);
});

test("no more loads run than there are slots, and each waits its turn", async () => {
  const slots = new LoadSlots();
  const running = await Promise.all(
    Array.from({ length: LOAD_SLOTS }, () => slots.take(SMALL, signal())),
  );
  const order: number[] = [];
  const waiting = [1, 2].map(async (n) => {
    const slot = await slots.take(SMALL, signal());
    order.push(n);
    slot[Symbol.dispose]();
  });
  expect(order).toEqual([]);
  running[0]?.[Symbol.dispose]();
  await Promise.all(waiting);
  expect(order).toEqual([1, 2]);
});

test("one that gives up while it waits takes no slot", async () => {
  const slots = new LoadSlots();
  const running = await Promise.all(
    Array.from({ length: LOAD_SLOTS }, () => slots.take(SMALL, signal())),
  );
  const leaving = new AbortController();
  const left = slots.take(SMALL, leaving.signal);
  const next = slots.take(SMALL, signal());
  leaving.abort(new Error("enough"));
  await expect(left).rejects.toThrow("enough");
  running[0]?.[Symbol.dispose]();
  await next;
});
