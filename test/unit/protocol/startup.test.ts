import * as fc from "fast-check";
import { expect, test } from "vitest";
import { PgError } from "../../../src/core/pg-error.ts";
import { Framing } from "../../../src/protocol/framing.ts";
import { readStartupPacket } from "../../../src/protocol/startup.ts";
import { gssEncRequest, query, sslRequest, startup } from "../../support/frontend.ts";

const word = fc.stringMatching(/^[a-zé_.]{1,12}$/);
const parameters = fc.dictionary(word, fc.stringMatching(/^[^\0]{0,20}$/u), { maxKeys: 6 });

test("a startup survives any way of cutting it into segments, and so does what follows", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(sslRequest(), gssEncRequest()), { maxLength: 3 }),
      parameters,
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (requests, sent, sizes) => {
        const stream = Buffer.concat([...requests, startup(sent, 0x0003_0002), query("SELECT 1")]);
        const framing = new Framing(9_996);
        const seen: unknown[] = [];
        let isTyped = false;
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          framing.push(stream.subarray(at, at + size));
          at += size;
          for (let frame = framing.next(); frame !== undefined; frame = framing.next()) {
            if (isTyped) {
              seen.push(frame);
              continue;
            }
            const packet = readStartupPacket(frame.body);
            seen.push(packet);
            isTyped = packet.type === "StartupMessage";
            if (isTyped) framing.expectMessages(100);
          }
        }

        expect(seen).toEqual([
          ...requests.map((bytes) => ({
            type: bytes.equals(sslRequest()) ? "SSLRequest" : "GSSENCRequest",
          })),
          {
            type: "StartupMessage",
            minorVersion: 2,
            parameters: new Map(Object.entries(sent)),
          },
          { type: "Q", body: Buffer.from("SELECT 1\0") },
        ]);
        expect(framing.bufferedBytes).toBe(0);
      },
    ),
  );
});

test("whatever the bytes of a startup packet, they are read or refused for good", () => {
  const versions = fc.constantFrom("00030000", "04d2162e", "04d2162f", "04d21630", "");
  fc.assert(
    fc.property(versions, fc.uint8Array({ maxLength: 60 }), (version, noise) => {
      const body = Buffer.concat([Buffer.from(version, "hex"), noise]);
      try {
        readStartupPacket(body);
      } catch (error) {
        expect(error).toBeInstanceOf(PgError);
        expect(error).toMatchObject({ severity: "FATAL" });
      }
    }),
  );
});

test("a name that stands twice has its last value", () => {
  const body = Buffer.from("\0\x03\0\0user\0ana\0a\0one\0a\0two\0\0", "latin1");

  expect(readStartupPacket(body)).toMatchObject({
    parameters: new Map([
      ["user", "ana"],
      ["a", "two"],
    ]),
  });
});
