import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { assert, unreachable } from "../core/assert.ts";
import { PgError } from "../core/pg-error.ts";
import { hmac, KEY_BYTES, readBase64, type ScramVerifier } from "./scram-verifier.ts";

export type ScramMechanism = "SCRAM-SHA-256" | "SCRAM-SHA-256-PLUS";

/** What ties the exchange to its TLS connection: the hash of the server's certificate (RFC 5929). */
export interface ChannelBinding {
  readonly type: "tls-server-end-point";
  readonly data: Buffer;
}

/** Why an exchange is bound to fail, whatever the client sends. */
export type Doom = "unknown role" | "not a member" | "expired" | "wrong certificate";

export interface ScramOptions {
  readonly mechanism: ScramMechanism;
  readonly verifier: ScramVerifier;
  readonly doomed?: Doom | undefined;
  /** Given whenever the connection has one, so that PLUS was among the mechanisms offered. */
  readonly channelBinding?: ChannelBinding | undefined;
  /** For the RFC's test vector; printable ASCII without a comma. */
  readonly serverNonce?: string;
}

export type ScramOutcome =
  | { readonly next: "continue"; readonly message: Buffer }
  | { readonly next: "authenticated"; readonly message: Buffer }
  | { readonly next: "rejected"; readonly why: "wrong proof" | Doom };

type State =
  | { readonly name: "client-first" }
  | {
      readonly name: "client-final";
      readonly clientFirstBare: string;
      readonly serverFirst: string;
      readonly nonce: string;
      /** What `c=` must repeat. */
      readonly binding: string;
    }
  | { readonly name: "finished" };

const BINDING_TYPE: ChannelBinding["type"] = "tls-server-end-point";

/** Printable ASCII without the comma (RFC 5802, section 7). */
const NONCE = /^[\x21-\x2b\x2d-\x7e]*$/;

/** For AuthenticationSASL, the better one first. */
export function offeredMechanisms(
  channelBinding: ChannelBinding | undefined,
): readonly ScramMechanism[] {
  return channelBinding === undefined ? ["SCRAM-SHA-256"] : ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"];
}

/** The mechanism that a SASLInitialResponse names, if it was offered. */
export function readMechanism(
  name: string,
  channelBinding: ChannelBinding | undefined,
): ScramMechanism {
  const mechanism = offeredMechanisms(channelBinding).find((offered) => offered === name);
  if (mechanism !== undefined) return mechanism;
  throw new PgError(
    "protocol_violation",
    "client selected an invalid SASL authentication mechanism",
    { severity: "FATAL" },
  );
}

/**
 * The server's side of one SCRAM exchange (RFC 5802, RFC 7677), without sockets or promises.
 * A message that PostgreSQL would refuse throws the PgError that PostgreSQL would send.
 */
export class ScramExchange {
  readonly #options: ScramOptions;
  #state: State = { name: "client-first" };

  constructor(options: ScramOptions) {
    assert(
      options.mechanism === "SCRAM-SHA-256" || options.channelBinding !== undefined,
      "PLUS needs a channel binding",
    );
    this.#options = options;
  }

  /** `undefined` is a SASLInitialResponse without a response; the client then sends it in the next. */
  receive(message: Buffer | undefined): ScramOutcome {
    if (message === undefined) return { next: "continue", message: Buffer.alloc(0) };
    if (message.length === 0) throw malformed("The message is empty.");
    if (message.includes(0)) throw malformed("Message length does not match input length.");
    // A byte is a character here, so that what is signed is what came, valid UTF-8 or not.
    const cursor = new AttributeCursor(message.toString("latin1"));
    switch (this.#state.name) {
      case "client-first": {
        const state = this.#readClientFirst(cursor);
        this.#state = state;
        return { next: "continue", message: Buffer.from(state.serverFirst, "latin1") };
      }
      case "client-final": {
        const state = this.#state;
        this.#state = { name: "finished" };
        return this.#readClientFinal(cursor, state);
      }
      case "finished":
        throw new Error("a SCRAM exchange was used after its end");
      default:
        return unreachable(this.#state);
    }
  }

  #readClientFirst(cursor: AttributeCursor): Extract<State, { name: "client-final" }> {
    const binding = this.#readBindingFlag(cursor);
    if (cursor.peek() === "a") {
      throw refusal(
        "feature_not_supported",
        "client uses authorization identity, but it is not supported",
      );
    }
    if (cursor.peek() !== ",") {
      throw malformed(`Unexpected attribute "${shown(cursor.peek())}" in client-first-message.`);
    }
    cursor.skip();
    const clientFirstBare = cursor.rest();
    if (cursor.peek() === "m") {
      throw refusal("feature_not_supported", "client requires an unsupported SCRAM extension");
    }
    // The startup message has already named the role; PostgreSQL ignores this name, too.
    cursor.readValue("n");
    const clientNonce = cursor.readValue("r");
    if (!NONCE.test(clientNonce)) {
      throw refusal("protocol_violation", "non-printable characters in SCRAM nonce");
    }
    while (cursor.peek() !== "") cursor.readAny();

    const nonce = clientNonce + (this.#options.serverNonce ?? randomBytes(18).toString("base64"));
    const { salt, iterations } = this.#options.verifier;
    const serverFirst = `r=${nonce},s=${salt.toString("base64")},i=${iterations}`;
    return { name: "client-final", clientFirstBare, serverFirst, nonce, binding };
  }

  /** Reads the GS2 flag and returns what the client must repeat in `c=`. */
  #readBindingFlag(cursor: AttributeCursor): string {
    const { mechanism, channelBinding } = this.#options;
    const flag = cursor.peek();
    switch (flag) {
      case "n":
      case "y":
        if (mechanism === "SCRAM-SHA-256-PLUS") {
          throw malformed(
            "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.",
          );
        }
        if (flag === "y" && channelBinding !== undefined) {
          // Somebody between us removed PLUS from the mechanisms that we offered.
          throw refusal(
            "invalid_authorization_specification",
            "SCRAM channel binding negotiation error",
            "The client supports SCRAM channel binding but thinks the server does not.  However, this server does support channel binding.",
          );
        }
        cursor.skip();
        if (cursor.peek() !== ",") {
          throw malformed(`Comma expected, but found character "${shown(cursor.peek())}".`);
        }
        cursor.skip();
        return Buffer.from(`${flag},,`).toString("base64");
      case "p": {
        if (mechanism === "SCRAM-SHA-256" || channelBinding === undefined) {
          throw malformed(
            "The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.",
          );
        }
        const type = cursor.readValue("p");
        if (type !== BINDING_TYPE) {
          throw refusal(
            "protocol_violation",
            `unsupported SCRAM channel-binding type "${shownText(type)}"`,
          );
        }
        const header = Buffer.from(`p=${BINDING_TYPE},,`);
        return Buffer.concat([header, channelBinding.data]).toString("base64");
      }
      default:
        throw malformed(`Unexpected channel-binding flag "${shown(flag)}".`);
    }
  }

  #readClientFinal(
    cursor: AttributeCursor,
    state: Extract<State, { name: "client-final" }>,
  ): ScramOutcome {
    if (cursor.readValue("c") !== state.binding) {
      throw this.#options.mechanism === "SCRAM-SHA-256-PLUS"
        ? refusal("invalid_authorization_specification", "SCRAM channel binding check failed")
        : refusal(
            "protocol_violation",
            "unexpected SCRAM channel-binding attribute in client-final-message",
          );
    }
    const nonce = cursor.readValue("r");
    let attribute = cursor.readAny();
    while (attribute.name !== "p") attribute = cursor.readAny();
    const proof = readBase64(attribute.value);
    if (proof?.length !== KEY_BYTES) throw malformed("Malformed proof in client-final-message.");
    if (cursor.peek() !== "") throw malformed("Garbage found at the end of client-final-message.");
    if (nonce !== state.nonce) {
      throw refusal("protocol_violation", "invalid SCRAM response", "Nonce does not match.");
    }

    const withoutProof = cursor.textBefore(attribute);
    const authMessage = Buffer.from(
      `${state.clientFirstBare},${state.serverFirst},${withoutProof}`,
      "latin1",
    );
    // A doomed exchange does the same work and ends here, so that time tells nothing.
    const { verifier, doomed } = this.#options;
    const proven = proofFits(proof, verifier.storedKey, authMessage);
    const signature = hmac(verifier.serverKey, authMessage).toString("base64");
    if (doomed !== undefined) return { next: "rejected", why: doomed };
    if (!proven) return { next: "rejected", why: "wrong proof" };
    return { next: "authenticated", message: Buffer.from(`v=${signature}`) };
  }
}

interface Attribute {
  readonly name: string;
  readonly value: string;
  /** Where it starts in the message. */
  readonly start: number;
}

/** Walks over `a=value,b=value`, complaining as PostgreSQL does. */
class AttributeCursor {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next character; empty at the end. */
  peek(): string {
    return this.#text.charAt(this.#at);
  }

  skip(): void {
    this.#at += 1;
  }

  rest(): string {
    return this.#text.slice(this.#at);
  }

  readValue(name: string): string {
    if (this.peek() !== name) {
      throw malformed(`Expected attribute "${name}" but found "${shown(this.peek())}".`);
    }
    return this.#read().value;
  }

  readAny(): Attribute {
    const name = this.peek();
    if (name === "") throw malformed("Attribute expected, but found end of string.");
    if (!/[A-Za-z]/.test(name)) {
      throw malformed(`Attribute expected, but found invalid character "${shown(name)}".`);
    }
    return this.#read();
  }

  /** What precedes an attribute, without the comma between. */
  textBefore(attribute: Attribute): string {
    return this.#text.slice(0, attribute.start - 1);
  }

  #read(): Attribute {
    const start = this.#at;
    const name = this.peek();
    if (this.#text.charAt(start + 1) !== "=") {
      throw malformed(`Expected character "=" for attribute "${name}".`);
    }
    const comma = this.#text.indexOf(",", start + 2);
    const end = comma === -1 ? this.#text.length : comma;
    this.#at = comma === -1 ? end : comma + 1;
    return { name, value: this.#text.slice(start + 2, end), start };
  }
}

/** ClientProof = ClientKey XOR HMAC(StoredKey, AuthMessage), and StoredKey = H(ClientKey). */
function proofFits(proof: Buffer, storedKey: Buffer, authMessage: Buffer): boolean {
  const clientKey = hmac(storedKey, authMessage);
  for (const [index, byte] of proof.entries()) clientKey[index] = (clientKey[index] ?? 0) ^ byte;
  return timingSafeEqual(createHash("sha256").update(clientKey).digest(), storedKey);
}

function malformed(detail: string): PgError {
  return refusal("protocol_violation", "malformed SCRAM message", detail);
}

function refusal(
  condition: ConstructorParameters<typeof PgError>[0],
  message: string,
  detail?: string,
): PgError {
  return new PgError(condition, message, { detail, severity: "FATAL" });
}

/** A byte as PostgreSQL's sanitize_char prints it; the end of the message is its NUL. */
function shown(character: string): string {
  if (/^[\x21-\x7e]$/.test(character)) return `'${character}'`;
  const code = character === "" ? 0 : character.charCodeAt(0);
  return `0x${code.toString(16).padStart(2, "0")}`;
}

/** As PostgreSQL's sanitize_str: at most 30 characters, and no unprintable one. */
function shownText(text: string): string {
  return text.slice(0, 30).replaceAll(/[^\x21-\x7e]/g, "?");
}
