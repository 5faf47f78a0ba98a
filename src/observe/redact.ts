/** What stands where a secret stood. */
const REDACTED = "[redacted]";

/** Fields whose value is a secret whatever it looks like, in any spelling: secretAccessKey, secret_access_key. */
const SECRET_FIELDS = new Set([
  "accesskeyid",
  "authorization",
  "clientproof",
  "cookie",
  "copysourcessecustomerkey",
  "credentials",
  "customerkey",
  "passphrase",
  "password",
  "privatekey",
  "proof",
  "salt",
  "secret",
  "secretaccesskey",
  "secretkey",
  "serverkey",
  "sessiontoken",
  "ssec",
  "sseckey",
  "ssecustomerkey",
  "storedkey",
  "token",
  "verifier",
  "xamzserversideencryptioncustomerkey",
]);

/** Secrets inside a text, with what may stay of it. */
const SECRET_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/=$:]+/g, `SCRAM-SHA-256$${REDACTED}`],
  // The password of a URL.
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s/@]+@/gi, `$1:${REDACTED}@`],
  // A presigned URL is as good as the credentials that signed it.
  [
    /\b(X-Amz-(?:Signature|Credential|Security-Token)|AWSAccessKeyId)=[^\s&"']+/gi,
    `$1=${REDACTED}`,
  ],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, REDACTED],
];

/** Deep enough for an error with its causes; what lies deeper is left out. */
const DEEPEST = 8;
/** A list in a log line is an example, not an export. */
const LONGEST_LIST = 100;

/** A copy that can be written to a log: without secrets, cycles or bytes, errors as plain objects. */
export function redacted(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redactedText(value);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (depth > DEEPEST) return "[too deep]";
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Error) return redactedError(value, depth);
  if (value instanceof URL) return redactedText(value.href);
  if (value instanceof Map) return redacted(Object.fromEntries(value), depth);
  if (value instanceof Set) return redacted([...value], depth);
  if (Array.isArray(value)) {
    return value.slice(0, LONGEST_LIST).map((element) => redacted(element, depth + 1));
  }
  return redactedFields(value, depth);
}

/** The fields of an object; those with a secret's name keep only the name. */
export function redactedFields(fields: object, depth = 0): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      isSecret(name) && value !== undefined ? REDACTED : redacted(value, depth + 1),
    ]),
  );
}

export function redactedText(text: string): string {
  return SECRET_TEXTS.reduce((rest, [secret, remains]) => rest.replace(secret, remains), text);
}

/** What errors carry beside name, message, stack and cause. */
const ERROR_FIELDS = ["code", "sqlstate", "detail", "hint"];

/** Only fields that we know: a library may hang the whole request with its headers on an error. */
function redactedError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const known = ERROR_FIELDS.map((field) => [field, Reflect.get(error, field)] as const);
  return redactedFields({ type: name, message, ...Object.fromEntries(known), stack, cause }, depth);
}

function isSecret(name: string): boolean {
  return SECRET_FIELDS.has(name.replaceAll(/[_-]/g, "").toLowerCase());
}
