import { type Access, authenticationFailed, type Credential } from "../auth/access.ts";
import { offeredMechanisms, readMechanism, ScramExchange } from "../auth/scram.ts";
import { type LoginThrottle, tooManyFailures } from "../auth/throttle.ts";
import type { RoleName, WorkspaceName } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import type { FrontendMessage } from "../protocol/frontend.ts";
import { MessageReader } from "../protocol/message-reader.ts";
import type { StartupPacket } from "../protocol/startup.ts";
import type { ClientConnection } from "./client-connection.ts";

export type StartupMessage = Extract<StartupPacket, { type: "StartupMessage" }>;

/** Who has logged in, and where. */
export interface Login {
  readonly role: RoleName;
  readonly workspace: WorkspaceName;
  /** The startup packet's run-time parameters, `options=-c …` included. */
  readonly parameters: ReadonlyMap<string, string>;
}

export interface StartupServices {
  readonly access: () => Access;
  readonly throttle: LoginThrottle;
}

/** The newest minor version of protocol 3 that is spoken here. */
const MINOR_VERSION = 0;

/** Names that are not run-time parameters. */
const RESERVED = new Set(["user", "database", "options", "replication"]);

/** Startup packet to authenticated role in a workspace, by SCRAM-SHA-256 (PostgreSQL documentation 55.3). */
export async function logIn(
  message: StartupMessage,
  connection: ClientConnection,
  messages: AsyncIterator<FrontendMessage>,
  { access, throttle }: StartupServices,
): Promise<Login> {
  const role = message.parameters.get("user") ?? "";
  if (role === "") {
    throw fatal(
      "invalid_authorization_specification",
      "no PostgreSQL user name specified in startup packet",
    );
  }
  const database = message.parameters.get("database") || role;
  refuseReplication(message.parameters.get("replication"));
  negotiateVersion(message, connection);
  const admission = throttle.admission(connection.remoteAddress, role);
  if (admission.outcome === "refused") throw tooManyFailures(role, admission.retryAfterMs);
  const credential = access().credentialFor(role, database);
  if (!(await exchange(credential, connection, messages))) {
    throttle.failed(connection.remoteAddress, role);
    throw authenticationFailed(role);
  }
  throttle.succeeded(connection.remoteAddress, role);
  return {
    // Both were checked: the exchange succeeds only for a member of the workspace.
    role: role as RoleName,
    workspace: database as WorkspaceName,
    parameters: runTimeParameters(message.parameters),
  };
}

async function exchange(
  credential: Credential,
  connection: ClientConnection,
  messages: AsyncIterator<FrontendMessage>,
): Promise<boolean> {
  connection.send({ type: "AuthenticationSASL", mechanisms: offeredMechanisms(undefined) });
  const first = new MessageReader(await nextResponse(connection, messages));
  const mechanism = readMechanism(first.cstring(), undefined);
  const length = first.int32();
  const scram = new ScramExchange({ mechanism, ...credential });
  let response = length === -1 ? undefined : first.bytes(length);
  first.end();
  for (;;) {
    const outcome = scram.receive(response);
    switch (outcome.next) {
      case "continue":
        connection.send({ type: "AuthenticationSASLContinue", data: outcome.message });
        response = await nextResponse(connection, messages);
        break;
      case "authenticated":
        connection.send({ type: "AuthenticationSASLFinal", data: outcome.message });
        connection.send({ type: "AuthenticationOk" });
        return true;
      case "rejected":
        return false;
    }
  }
}

async function nextResponse(
  connection: ClientConnection,
  messages: AsyncIterator<FrontendMessage>,
): Promise<Buffer> {
  connection.flush();
  const next = await messages.next();
  if (next.done === true || next.value.type === "Terminate") throw new ClientLeft();
  if (next.value.type === "AuthenticationResponse") return next.value.body;
  if (next.value.type === "Malformed") throw next.value.error;
  throw fatal("protocol_violation", "expected SASL response");
}

/** The client has gone, which is nothing to tell it. libpq does so to ask for a password. */
export class ClientLeft extends Error {
  override readonly name = "ClientLeft";
}

/** One answer names all that is unknown here, as clients of protocol 3.2 and later expect. */
function negotiateVersion(message: StartupMessage, connection: ClientConnection): void {
  const unknownOptions = [...message.parameters.keys()].filter((name) => name.startsWith("_pq_."));
  if (message.minorVersion > MINOR_VERSION || unknownOptions.length > 0) {
    connection.send({
      type: "NegotiateProtocolVersion",
      minorVersion: Math.min(message.minorVersion, MINOR_VERSION),
      unknownOptions,
    });
  }
}

function refuseReplication(value: string | undefined): void {
  if (value === undefined || /^(off|false|no|0)$/i.test(value)) return;
  throw fatal("feature_not_supported", "replication connections are not supported");
}

function runTimeParameters(parameters: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const settings = new Map(optionSettings(parameters.get("options") ?? ""));
  for (const [name, value] of parameters) {
    if (!RESERVED.has(name) && !name.startsWith("_pq_.")) settings.set(name, value);
  }
  return settings;
}

/** `-c name=value`, `-cname=value` and `--name=value`; a backslash keeps the next character. */
function optionSettings(options: string): readonly (readonly [string, string])[] {
  const words = [...options.matchAll(/(?:\\.|[^\s\\])+/gs)].map(([word]) =>
    word.replaceAll(/\\(.)/gs, "$1"),
  );
  const settings: [string, string][] = [];
  for (let index = 0; index < words.length; index += 1) {
    let word = words[index] ?? "";
    if (word === "-c") {
      index += 1;
      word = words[index] ?? "";
    } else if (word.startsWith("-c")) word = word.slice(2);
    else if (word.startsWith("--")) word = word.slice(2);
    else
      throw fatal(
        "invalid_parameter_value",
        `invalid command-line argument for server process: ${word}`,
      );
    const equals = word.indexOf("=");
    if (equals < 1) throw fatal("syntax_error", `-c ${word} requires a value`);
    settings.push([word.slice(0, equals).replaceAll("-", "_"), word.slice(equals + 1)]);
  }
  return settings;
}

function fatal(condition: ConstructorParameters<typeof PgError>[0], message: string): PgError {
  return new PgError(condition, message, { severity: "FATAL" });
}
