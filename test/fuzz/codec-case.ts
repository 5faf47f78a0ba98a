import { LIMITS } from "../../src/core/limits.ts";
import { PgError } from "../../src/core/pg-error.ts";
import { Framing } from "../../src/protocol/framing.ts";
import { readFrontendMessage } from "../../src/protocol/frontend.ts";
import { readStartupPacket } from "../../src/protocol/startup.ts";
import type { Conversation } from "./corpus.ts";
import { pieces } from "./mutate.ts";
import type { Random } from "./random.ts";

/** Of a message after the login, for the fuzzer. */
const MESSAGE_BYTES = 1024 * 1024;

/**
 * Reads bytes as a connection does, in any pieces: what is thrown is a PgError, and no more is kept
 * than one message may have. Anything else is thrown on.
 */
export function readAsServer(
  conversation: Conversation,
  from: "startup" | "login",
  random: Random,
): void {
  const framing = new Framing(LIMITS.startupPacketBytes);
  let isStartup = from === "startup";
  if (!isStartup) framing.expectMessages(MESSAGE_BYTES);
  const encoding = random.chance(0.2) ? "LATIN1" : "UTF8";
  let kept = 0;
  try {
    for (const piece of pieces(Buffer.concat(conversation), random)) {
      framing.push(piece);
      for (let frame = framing.next(); frame !== undefined; frame = framing.next()) {
        if (!isStartup) readFrontendMessage(frame, encoding);
        else if (readStartupPacket(frame.body).type === "StartupMessage") {
          isStartup = false;
          framing.expectMessages(LIMITS.authenticationMessageBytes);
        }
      }
      kept = framing.bufferedBytes;
      if (kept > MESSAGE_BYTES + LIMITS.pageBytes * 2) throw new Error(`${kept} bytes are kept`);
    }
  } catch (error) {
    if (!(error instanceof PgError)) throw error;
  }
}
