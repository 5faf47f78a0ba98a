/**
 * The process of one shadow: PostgreSQL's protocol in and out, nothing else. What the bytes mean,
 * who asks and what the catalog holds is the gateway's business. A statement blocks this process
 * until it ends; only SIGKILL stops it.
 *
 * Arguments: the path of the prepared data directory. File descriptor 3: the socket to the gateway.
 */
import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import { LIMITS } from "../core/limits.ts";
import { ANSWER_TOO_LARGE, FrameReader, writeFrame } from "./frames.ts";
import { Postgres } from "./postgres.ts";

// A Ctrl-C reaches the whole process group, but the gateway ends its children when it has drained.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);

const [dataDirectory = ""] = process.argv.slice(2);
const socket = new Socket({ fd: 3, readable: true, writable: true });
// Without the gateway there is nobody to answer. PGlite's timers would keep this process alive.
socket.on("close", () => process.exit(0));
socket.on("error", () => process.exit(1));

const postgres = await start();
writeFrame(socket, []);

const frames = new FrameReader();
for await (const chunk of socket) {
  // A socket without an encoding yields buffers.
  frames.push(chunk as Buffer);
  for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
    writeFrame(socket, await answer(frame));
  }
}

async function start(): Promise<Postgres> {
  try {
    return await Postgres.start(new Uint8Array(readFileSync(dataDirectory)));
  } catch (error) {
    // Without this Node.js would print half a megabyte of PGlite's source beside the error.
    process.stderr.write(`shadow did not start: ${String(error)}\n`);
    process.exit(1);
  }
}

async function answer(messages: Buffer): Promise<readonly Buffer[]> {
  const pieces: Buffer[] = [];
  let size = 0;
  await postgres.roundTrip(messages, (piece) => {
    size += piece.length;
    // A statement cannot be stopped half way, and what it would still produce has no bound.
    if (size > LIMITS.shadowAnswerBytes) process.exit(ANSWER_TOO_LARGE);
    pieces.push(piece);
  });
  return pieces;
}
