import { PgError } from "../core/pg-error.ts";
import type { Revocation } from "./access.ts";

/** What the client of a session hears that is ended because its login no longer holds. */
export function revocationMessage(role: string, workspace: string, why: Revocation): string {
  switch (why) {
    case "removed":
      return `terminating connection because user "${role}" was removed`;
    case "changed":
      return `terminating connection because the credentials of user "${role}" have changed`;
    case "expired":
      return `terminating connection because the access of user "${role}" has expired`;
    case "not a member":
      return `terminating connection because user "${role}" is no longer a member of workspace "${workspace}"`;
  }
}

/** What a client hears whose certificate is missing where one is needed, or is not to be trusted. */
export function certificateRequired(detail?: string): PgError {
  return new PgError(
    "invalid_authorization_specification",
    "connection requires a valid client certificate",
    {
      severity: "FATAL",
      detail,
      hint: "Give the client a certificate of an authority in tls.client_ca: sslcert and sslkey.",
    },
  );
}

/** What a client hears whose certificate is another role's, or no member's. */
export function certificateAuthenticationFailed(role: string): PgError {
  return new PgError(
    "invalid_authorization_specification",
    `certificate authentication failed for user "${role}"`,
    {
      severity: "FATAL",
      hint: "The certificate's common name must be the one that belongs to the user, and the database a workspace that the user is a member of.",
    },
  );
}

/** What a client hears whose login failed, for whatever reason. */
export function authenticationFailed(role: string): PgError {
  return new PgError("invalid_password", `password authentication failed for user "${role}"`, {
    severity: "FATAL",
    hint: "Check the user, the password and the database: it is the name of a workspace that the user is a member of.",
  });
}
