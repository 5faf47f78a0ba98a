import { passwordProblem } from "../auth/access.ts";
import {
  DEFAULT_ITERATIONS,
  deriveVerifier,
  looksLikeVerifier,
  verifierText,
} from "../auth/scram-verifier.ts";
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import { type OptionValues, readInteger } from "./arguments.ts";
import { type CliContext, EXIT, type ExitCode } from "./context.ts";
import { readPassword } from "./password-prompt.ts";

/** Reads a password and prints the verifier that a configuration can hold instead of it. */
export async function hashPassword(values: OptionValues, context: CliContext): Promise<ExitCode> {
  // RFC 7677 asks for no fewer than the default.
  const bounds = { min: DEFAULT_ITERATIONS, max: LIMITS.scramIterations };
  const iterations = readInteger(values, "iterations", bounds) ?? DEFAULT_ITERATIONS;
  const password = await readPassword(context);
  if (looksLikeVerifier(password)) {
    throw new PgError("invalid_password", "this is a verifier already", {
      hint: "Put it into the configuration as it is.",
    });
  }
  const problem = passwordProblem(password);
  if (problem !== undefined) {
    throw new PgError("invalid_password", `the password ${problem.message}`);
  }
  context.stdout.write(`${verifierText(await deriveVerifier(password, { iterations }))}\n`);
  return EXIT.ok;
}
