import fc from "fast-check";
import { expect, test } from "vitest";
import { PgError } from "../../src/core/pg-error.ts";
import { type Frame, Framing } from "../../src/protocol/framing.ts";
import { readFrontendMessage } from "../../src/protocol/frontend.ts";
import { readStartupPacket } from "../../src/protocol/startup.ts";
import { bind, close, describe, execute, flush, parse, query, sync } from "../support/frontend.ts";

/** A failure prints the seed with which it comes again. */
const RUNS = { numRuns: 500 };

const name = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => !text.includes("\0"));
const value = fc.option(fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)));
const format = fc.constantFrom(0, 1);

const message = fc.oneof(
  name.map((sql) => query(sql)),
  fc.tuple(name, name, fc.array(fc.nat())).map(([sql, as, oids]) => parse(sql, { name: as, oids })),
  fc
    .record({
      portal: name,
      statement: name,
      values: fc.array(value),
      parameterFormats: fc.array(format),
      resultFormats: fc.array(format),
    })
    .map((options) => bind(options)),
  name.map((portal) => describe("P", portal)),
  fc.tuple(name, fc.nat()).map(([portal, rows]) => execute(portal, rows)),
  name.map((statement) => close("S", statement)),
  fc.constant(sync()),
  fc.constant(flush()),
);

test("messages survive any way of cutting the stream into chunks", () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 50 })),
      (sent, sizes) => {
        const bytes = Buffer.concat(sent);
        const whole = framesOf([bytes]);
        expect(whole).toHaveLength(sent.length);
        expect(framesOf(cut(bytes, sizes))).toEqual(whole);
        expect(whole.map((frame) => readFrontendMessage(frame))).toHaveLength(sent.length);
      },
    ),
    RUNS,
  );
});

test("whatever bytes come, a message is read or refused in PostgreSQL's terms", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.integer({ min: 1, max: 50 })),
      (noise, sizes) => {
        try {
          framesOf(cut(Buffer.from(noise), sizes)).forEach((frame) => readFrontendMessage(frame));
        } catch (error) {
          expect(error).toBeInstanceOf(PgError);
        }
      },
    ),
    RUNS,
  );
});

test("a damaged message is read or refused in PostgreSQL's terms, and never past its end", () => {
  fc.assert(
    fc.property(message, fc.nat(), fc.nat({ max: 255 }), (sent, at, byte) => {
      const damaged = Buffer.from(sent);
      // The type and the length stay, so that the damage is inside the body.
      if (damaged.length > 5) damaged[5 + (at % (damaged.length - 5))] = byte;
      try {
        framesOf([damaged]).forEach((frame) => readFrontendMessage(frame));
      } catch (error) {
        expect(error).toBeInstanceOf(PgError);
      }
    }),
    RUNS,
  );
});

test("whatever a startup packet holds, it is read or refused in PostgreSQL's terms", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (noise) => {
      try {
        readStartupPacket(Buffer.concat([Buffer.from([0, 3, 0, 0]), Buffer.from(noise)]));
      } catch (error) {
        expect(error).toBeInstanceOf(PgError);
      }
    }),
    RUNS,
  );
});

function framesOf(chunks: readonly Buffer[]): Frame[] {
  const framing = new Framing(1024 * 1024);
  framing.expectMessages(1024 * 1024);
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    framing.push(chunk);
    for (let frame = framing.next(); frame !== undefined; frame = framing.next())
      frames.push(frame);
  }
  return frames;
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let offset = 0;
  for (let index = 0; offset < bytes.length; index += 1) {
    const size = sizes[index % Math.max(1, sizes.length)] ?? bytes.length;
    chunks.push(bytes.subarray(offset, offset + size));
    offset += size;
  }
  return chunks;
}
