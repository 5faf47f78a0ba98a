import { expect, test } from "vitest";
import { Framing } from "../../../src/protocol/framing.ts";
import { query, startup } from "../../support/frontend.ts";

test("a length beyond the limit is refused before its body is kept", () => {
  const framing = new Framing(100);

  framing.push(Buffer.from([0x7f, 0xff, 0xff, 0xff]));

  expect(() => framing.next()).toThrow("invalid length 2147483647 of startup packet");
  expect(framing.bufferedBytes).toBe(4);
});

test("a length that does not even count itself is refused", () => {
  const framing = new Framing(100);
  framing.expectMessages(100);

  framing.push(Buffer.from([0x51, 0, 0, 0, 3]));

  expect(() => framing.next()).toThrow('invalid length 3 of message type "Q"');
});

test("a startup packet has no type byte, and what follows it has one", () => {
  const framing = new Framing(1000);
  framing.push(Buffer.concat([startup({ user: "ana" }), query("SELECT 1")]));

  const first = framing.next();
  framing.expectMessages(1000);
  const second = framing.next();

  expect(first).toMatchObject({ type: "" });
  expect(second).toEqual({ type: "Q", body: Buffer.from("SELECT 1\0") });
  expect(framing.next()).toBeUndefined();
});

test("a type byte that cannot be printed is named by its number", () => {
  const framing = new Framing(100);
  framing.expectMessages(100);

  framing.push(Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff]));

  expect(() => framing.next()).toThrow("message of type 0x01 has 4294967295 bytes");
});

test("a message that comes byte by byte is kept in a few pieces", () => {
  const framing = new Framing(1_000_000);
  framing.expectMessages(1_000_000);
  const sent = query("x".repeat(200_000));
  let mostChunks = 0;
  let isEarly = false;

  for (let at = 0; at < sent.length - 1; at += 1) {
    framing.push(sent.subarray(at, at + 1));
    isEarly ||= framing.next() !== undefined;
    mostChunks = Math.max(mostChunks, framing.chunkCount);
  }
  framing.push(sent.subarray(-1));

  expect(isEarly).toBe(false);
  expect(mostChunks).toBeLessThan(60);
  expect(framing.next()?.body).toEqual(sent.subarray(5));
});
