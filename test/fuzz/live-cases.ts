import { copyFail, sync } from "../support/frontend.ts";
import { type Conversation, conversations, OPENINGS } from "./corpus.ts";
import { Finding, LiveConnection, type OpenOptions } from "./live-connection.ts";
import { minimised, mutated, pieces } from "./mutate.ts";
import { Random } from "./random.ts";

/** One case: bytes, and where in the life of a connection they are sent. */
export interface LiveCase {
  readonly phase: "before login" | "after login" | "encrypted";
  readonly messages: Conversation;
}

export interface LiveFinding extends LiveCase {
  readonly seed: number;
  readonly what: string;
}

export interface LiveOptions {
  readonly port: number;
  readonly seed: number;
  readonly cases: number;
  /** Connections at a time. */
  readonly concurrent: number;
  readonly found: (finding: LiveFinding) => void;
  readonly progress?: (done: number) => void;
}

/** Of a message that a mutant announces and does not send, what is sent for it. */
const FILLED_BYTES = 100_000;

/** A session that goes on is used for the next case too, so that its state grows strange. */
const CASES_OF_A_SESSION = 30;

/** A case that takes longer to fail, such as one that hangs, is shown as it is. */
const MINIMISED_MS = 1_000;

const CORPUS = conversations();

/** Sends mutants of real conversations to a gateway, and watches what comes back. */
export async function runLive({
  port,
  seed,
  cases,
  concurrent,
  found,
  progress,
}: LiveOptions): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    let session: { readonly connection: LiveConnection; cases: number } | undefined;
    while (next < cases) {
      const index = next++;
      progress?.(index);
      const random = new Random(seed + index);
      const live = caseOf(random);
      try {
        if (live.phase === "before login") await beforeLogin(live, port, random);
        else {
          if (live.phase === "encrypted" || (session?.cases ?? 0) > CASES_OF_A_SESSION) {
            session?.connection.destroy();
            session = undefined;
          }
          session ??= { connection: await open(live, port, random), cases: 0 };
          session.cases += 1;
          if (!(await afterLogin(live, session.connection, random))) session = undefined;
        }
      } catch (error) {
        session?.connection.destroy();
        session = undefined;
        found({
          ...(await smallest(live, port, seed + index)),
          seed: seed + index,
          what: String(error),
        });
      }
    }
    session?.connection.destroy();
  };
  await Promise.all(Array.from({ length: concurrent }, worker));
}

export function caseOf(random: Random): LiveCase {
  const kind = random.next();
  if (kind < 0.15) {
    const opening = random.pick(OPENINGS);
    const messages = random.chance(0.1)
      ? [clientHello(random)]
      : mutated(opening, random, OPENINGS);
    return { phase: "before login", messages };
  }
  const messages = mutated(random.pick(CORPUS), random, CORPUS);
  return { phase: kind < 0.16 ? "encrypted" : "after login", messages };
}

/** Addresses of loopback that are nobody else's: failed logins hold up their own address alone. */
function options(port: number, random: Random): OpenOptions {
  return {
    port,
    localAddress: `127.${1 + random.below(250)}.${random.below(256)}.${1 + random.below(250)}`,
  };
}

async function open(live: LiveCase, port: number, random: Random): Promise<LiveConnection> {
  const version = random.chance(0.3) ? 0x0003_0002 : 0x0003_0000;
  const isEncrypted = live.phase === "encrypted";
  return await LiveConnection.logIn({ ...options(port, random), isEncrypted }, version);
}

/** Whatever the answer is, the connection ends when this side says that it does. */
async function beforeLogin({ messages }: LiveCase, port: number, random: Random): Promise<void> {
  const connection = await LiveConnection.open(options(port, random));
  try {
    // A request for encryption is answered with a byte, and TLS with TLS.
    connection.isRaw = messages.some((message) => message[0] === 0x16 || message[0] === 0);
    if (messages[0]?.[4] === 0 && messages[0]?.[5] === 3) connection.isRaw = false;
    for (const piece of pieces(Buffer.concat(messages), random)) connection.write(piece);
    connection.finish();
    await connection.untilClosed();
  } finally {
    connection.destroy();
  }
}

/** True where the session goes on. */
async function afterLogin(
  { messages }: LiveCase,
  connection: LiveConnection,
  random: Random,
): Promise<boolean> {
  const bytes = Buffer.concat(messages);
  for (const piece of pieces(bytes, random)) connection.write(piece);
  const missing = missingBytes(bytes);
  if (missing > FILLED_BYTES) {
    connection.finish();
    await connection.untilClosed();
    connection.destroy();
    return false;
  }
  connection.write(Buffer.concat([Buffer.alloc(missing), copyFail("the end"), sync()]));
  if (await connection.answers(`marker${random.below(2 ** 31)}`)) return true;
  connection.destroy();
  return false;
}

/** How many bytes the last message still announces. A length that is none ends the session anyway. */
function missingBytes(bytes: Buffer): number {
  let offset = 0;
  while (offset < bytes.length) {
    const header = Buffer.alloc(5);
    bytes.copy(header, 0, offset);
    const length = header.readUInt32BE(1);
    if (length < 4) return Math.max(0, offset + header.length - bytes.length);
    offset += 1 + length;
  }
  return offset - bytes.length;
}

/** The beginning of TLS, as far as it needs no secrets, damaged. */
function clientHello(random: Random): Buffer {
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    random.bytes(32),
    Buffer.from([0, 0, 4, 0x13, 1, 0x13, 2, 1, 0]),
    random.bytes(random.below(60)),
  ]);
  const handshake = Buffer.concat([Buffer.from([1, 0, 0, body.length]), body]);
  const record = Buffer.concat([Buffer.from([0x16, 3, 1, 0, handshake.length]), handshake]);
  return record.subarray(0, 1 + random.below(record.length));
}

/** Without the state that other cases may have left, a finding may not come again. */
async function smallest(live: LiveCase, port: number, seed: number): Promise<LiveCase> {
  if (live.phase === "before login") return live;
  const fails = async (messages: Conversation): Promise<boolean> => {
    const random = new Random(seed);
    try {
      const connection = await open(live, port, random);
      try {
        await afterLogin({ ...live, messages }, connection, random);
      } finally {
        connection.destroy();
      }
      return false;
    } catch (error) {
      return error instanceof Finding;
    }
  };
  const since = performance.now();
  if (!(await fails(live.messages)) || performance.now() - since > MINIMISED_MS) return live;
  return { ...live, messages: await minimised(live.messages, fails) };
}
