import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameReader, writeFrame } from "../../../src/shadow/frames.ts";

function framed(payload: Uint8Array): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(payload.length);
  return Buffer.concat([header, payload]);
}

test("frames survive any way of cutting the stream into chunks", () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 8 });
  const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(payloads, sizes, (sent, cuts) => {
      const stream = Buffer.concat(sent.map(framed));
      const reader = new FrameReader();
      const received: Buffer[] = [];
      for (let offset = 0, turn = 0; offset < stream.length; turn += 1) {
        const end = offset + (cuts[turn % cuts.length] ?? 1);
        reader.push(stream.subarray(offset, end));
        offset = end;
        for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
          received.push(frame);
        }
      }
      expect(received).toEqual(sent.map((payload) => Buffer.from(payload)));
    }),
  );
});

test("a length beyond every limit is refused before its bytes are awaited", () => {
  const reader = new FrameReader();
  reader.push(Buffer.from([0xff, 0xff, 0xff, 0xff]));

  expect(() => reader.next()).toThrow("frame of 4294967295 bytes");
});

test("the pieces of one frame arrive as one", async () => {
  const server = createServer((socket: Socket) => {
    writeFrame(socket, [Buffer.from("one "), Buffer.from("frame")]);
    socket.end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  // A server that listens on TCP has such an address.
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const reader = new FrameReader();
  for await (const chunk of socket) reader.push(chunk as Buffer);
  server.close();

  expect(reader.next()?.toString()).toBe("one frame");
  expect(reader.next()).toBeUndefined();
});
