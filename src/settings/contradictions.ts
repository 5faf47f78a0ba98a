import { statSync } from "node:fs";
import { mayCarryKeys } from "../core/customer-key.ts";
import { isLoopback } from "../core/loopback.ts";
import type { Problem } from "./problem.ts";
import { valueAt } from "./schema-walk.ts";
import type { Settings } from "./settings.ts";
import type { YamlDocument } from "./yaml-document.ts";

/** What is wrong although each value is right by itself. */
export function contradictions(
  document: YamlDocument<Readonly<Record<string, unknown>>>,
  settings: Settings,
): Problem[] {
  const problems: Problem[] = [];
  const { host } = settings.listen;
  for (const [name, { password, certificateName }] of settings.users) {
    if (certificateName !== undefined) problems.push(...unverifiable(document, settings, name));
    else if (password === undefined && isWithoutProof(document, name)) {
      problems.push(
        document.problem(
          "value",
          ["users", name],
          `user "${name}" has neither a password nor a certificate`,
          "Add password, or certificate with the common name of the client's certificate.",
        ),
      );
    }
    const path = ["users", name, "password"];
    if (
      password === undefined ||
      password.kind === "verifier" ||
      isLoopback(host) ||
      !document.isWrittenOut(path)
    )
      continue;
    problems.push(
      document.problem(
        "value",
        path,
        `the password of user "${name}" is written out, but listen.host is ${host}`,
        "Take it from the environment with ${NAME}, or write what bucketgres hash-password prints.",
      ),
    );
  }
  for (const [name, store] of settings.stores) {
    if (store.type !== "s3" || store.customerKey === undefined) continue;
    if (mayCarryKeys(store.endpoint)) continue;
    problems.push(
      document.problem(
        "value",
        ["stores", name, "sse_c"],
        `sse_c of store "${name}" needs an endpoint with https`,
        "Each request carries the key, which anyone on the way could read.",
      ),
    );
  }
  for (const [one, other] of [
    ["certificate", "key"],
    ["key", "certificate"],
  ] as const) {
    if (valueAt(document.value, ["tls", one]) === undefined) continue;
    if (document.keys(["tls"]).includes(other)) continue;
    problems.push(document.problem("key", ["tls", one], `tls.${one} needs tls.${other} beside it`));
  }
  if (!isDirectory(settings.catalogDirectory)) {
    problems.push(
      document.problem(
        "value",
        ["catalog"],
        `there is no catalog folder ${settings.catalogDirectory}`,
        "Make the folder, or name another one as catalog.",
      ),
    );
  }
  return problems;
}

/** What else is wrong with the password or certificate that is there was said already. */
function isWithoutProof(
  document: YamlDocument<Readonly<Record<string, unknown>>>,
  name: string,
): boolean {
  const keys = document.keys(["users", name]);
  return !keys.includes("password") && !keys.includes("certificate");
}

function unverifiable(
  document: YamlDocument<Readonly<Record<string, unknown>>>,
  { tls }: Settings,
  name: string,
): Problem[] {
  const path = ["users", name, "certificate"];
  if (tls.mode === "disable") {
    return [
      document.problem(
        "value",
        path,
        `the certificate of user "${name}" needs tls, but tls.mode is disable`,
      ),
    ];
  }
  if (tls.clientCaFile !== undefined || document.keys(["tls"]).includes("client_ca")) return [];
  return [
    document.problem(
      "value",
      path,
      `the certificate of user "${name}" needs tls.client_ca`,
      "It names the authorities that clients' certificates must come from.",
    ),
  ];
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // Not there, or nothing that we may look at.
    return false;
  }
}
