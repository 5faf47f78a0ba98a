import type { Access, Credential } from "../auth/access.ts";
import {
  authenticationFailed,
  certificateAuthenticationFailed,
  certificateRequired,
  revocationMessage,
} from "../auth/refusals.ts";
import { type Doom, offeredMechanisms, readMechanism, ScramExchange } from "../auth/scram.ts";
import type { ScramVerifier } from "../auth/scram-verifier.ts";
import { type LoginThrottle, tooManyFailures } from "../auth/throttle.ts";
import type { RoleName, WorkspaceName } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import type { FrontendMessage } from "../protocol/frontend.ts";
import { MessageReader } from "../protocol/message-reader.ts";
import { NEWEST_MINOR_VERSION, type StartupMessage } from "../protocol/startup.ts";
import type { ClientConnection } from "./client-connection.ts";
import { replicationOf, runTimeParameters } from "./startup-parameters.ts";

/** Who has logged in, and where. */
export interface Login {
  readonly role: RoleName;
  readonly workspace: WorkspaceName;
  /** Of what was proven; see Access.revocation. */
  readonly identity: string;
  /** As the client asked for it: what is newer than the newest here behaves as the newest. */
  readonly minorVersion: number;
  /** The startup packet's run-time parameters, `options=-c …` included. */
  readonly parameters: ReadonlyMap<string, string>;
}

export type LoginFailure = "password" | "certificate" | "throttled" | "protocol";

/** Hears why logins fail, for the metrics. */
export interface LoginObserver {
  authenticationFailed(reason: LoginFailure): void;
}

export interface StartupServices {
  readonly access: () => Access;
  readonly throttle: LoginThrottle;
  readonly observer: LoginObserver;
}

/** Startup packet to authenticated role in a workspace (PostgreSQL documentation 55.2.1, 55.3). */
export async function logIn(
  message: StartupMessage,
  connection: ClientConnection,
  messages: AsyncIterator<FrontendMessage>,
  services: StartupServices,
): Promise<Login> {
  try {
    return await provenLogin(message, connection, messages, services);
  } catch (error) {
    const { observer } = services;
    if (error instanceof LoginRefused) {
      observer.authenticationFailed(error.failure);
      throw error.refusal;
    }
    if (error instanceof PgError) observer.authenticationFailed("protocol");
    throw error;
  }
}

/** What was proven may have been changed since; a session that is registered is found by reloads. */
export function requireStillAllowed(
  { role, workspace, identity }: Login,
  { access }: StartupServices,
): void {
  const why = access().revocation(role, workspace, identity);
  if (why === undefined) return;
  throw fatal("admin_shutdown", revocationMessage(role, workspace, why));
}

async function provenLogin(
  message: StartupMessage,
  connection: ClientConnection,
  messages: AsyncIterator<FrontendMessage>,
  { access, throttle }: StartupServices,
): Promise<Login> {
  const replication = replicationOf(message.parameters);
  negotiateVersion(message, connection);
  const role = message.parameters.get("user") ?? "";
  if (role === "") {
    throw fatal(
      "invalid_authorization_specification",
      "no PostgreSQL user name specified in startup packet",
    );
  }
  const database = message.parameters.get("database") || role;
  const admit = (): void => {
    const admission = throttle.admission(connection.remoteAddress, role);
    if (admission.outcome === "admitted") return;
    throw new LoginRefused("throttled", tooManyFailures(role, admission.retryAfterMs));
  };
  admit();
  const credential = access().credentialFor(role, database);
  try {
    await authenticate(role, credential, connection, messages, admit);
  } catch (error) {
    if (error instanceof LoginRefused && error.failure !== "throttled") {
      throttle.failed(connection.remoteAddress, role);
    }
    throw error;
  }
  throttle.succeeded(connection.remoteAddress, role);
  if (replication !== "off") {
    throw fatal(
      "insufficient_privilege",
      "must be superuser or replication role to start walsender",
    );
  }
  return {
    // Both were checked: only a member of the workspace is authenticated.
    role: role as RoleName,
    workspace: database as WorkspaceName,
    identity: credential.identity,
    minorVersion: message.minorVersion,
    parameters: runTimeParameters(message.parameters),
  };
}

/** The client did not prove who it is. */
class LoginRefused extends Error {
  override readonly name = "LoginRefused";
  readonly failure: LoginFailure;
  /** What the client hears. */
  readonly refusal: PgError;

  constructor(failure: LoginFailure, refusal: PgError) {
    super(refusal.message);
    this.failure = failure;
    this.refusal = refusal;
  }
}

/** Returns when it was proven; `admit` throws where too many others have failed meanwhile. */
async function authenticate(
  role: string,
  { verifier, certificateName, doomed }: Credential,
  connection: ClientConnection,
  messages: AsyncIterator<FrontendMessage>,
  admit: () => void,
): Promise<void> {
  const certificate = connection.encryption?.clientCertificate ?? { state: "none" };
  if (certificate.state === "invalid") {
    const detail = `The certificate was refused: ${certificate.why}.`;
    throw new LoginRefused("certificate", certificateRequired(detail));
  }
  if (certificateName !== undefined && certificate.state === "none") {
    throw new LoginRefused("certificate", certificateRequired());
  }
  const isOwner =
    certificateName === undefined ||
    (certificate.state === "valid" && certificate.commonName === certificateName);
  if (verifier !== undefined) {
    // The wrong certificate shows only where a wrong password would.
    const doom = doomed ?? (isOwner ? undefined : "wrong certificate");
    await exchangeScram({ verifier, doomed: doom }, role, connection, messages, admit);
  } else if (doomed !== undefined || !isOwner) {
    throw new LoginRefused("certificate", certificateAuthenticationFailed(role));
  }
  connection.send({ type: "AuthenticationOk" });
}

async function exchangeScram(
  proof: { readonly verifier: ScramVerifier; readonly doomed: Doom | undefined },
  role: string,
  connection: ClientConnection,
  messages: AsyncIterator<FrontendMessage>,
  admit: () => void,
): Promise<void> {
  const channelBinding = connection.encryption?.channelBinding;
  connection.send({ type: "AuthenticationSASL", mechanisms: offeredMechanisms(channelBinding) });
  const first = new MessageReader(await nextResponse(connection, messages));
  const mechanism = readMechanism(first.cstring(), channelBinding);
  const length = first.int32();
  const scram = new ScramExchange({ mechanism, channelBinding, ...proof });
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
        // Of many guesses sent at once only as many are looked at as of guesses one by one.
        admit();
        connection.send({ type: "AuthenticationSASLFinal", data: outcome.message });
        return;
      case "rejected":
        admit();
        throw new LoginRefused("password", authenticationFailed(role));
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
  if (message.minorVersion > NEWEST_MINOR_VERSION || unknownOptions.length > 0) {
    connection.send({
      type: "NegotiateProtocolVersion",
      minorVersion: Math.min(message.minorVersion, NEWEST_MINOR_VERSION),
      unknownOptions,
    });
  }
}

function fatal(condition: ConstructorParameters<typeof PgError>[0], message: string): PgError {
  return new PgError(condition, message, { severity: "FATAL" });
}
