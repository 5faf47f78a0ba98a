/**
 * What went wrong at S3, in PostgreSQL's terms. The sentences name the store, the bucket, the key
 * and the cure; what S3 itself wrote is not repeated, because some of its answers carry the session
 * token back (`<Token-0>` of ExpiredToken) and others account numbers.
 *
 * | SQLSTATE | condition | stands for |
 * | --- | --- | --- |
 * | 58P01 | undefined_file | no such bucket, object or version |
 * | 42501 | insufficient_privilege | access denied; credentials missing, unknown, wrong, expired |
 * | 22023 | invalid_parameter_value | a version id that cannot be one |
 * | F0000 | config_file_error | wrong region, invalid bucket name, an endpoint that is not S3 |
 * | HV00N | fdw_unable_to_establish_connection | host not found, refused, TLS |
 * | 58000 | system_error | this machine's clock is wrong |
 * | 55000 | object_not_in_prerequisite_state | the object is archived |
 * | 58030 | io_error | throttled, internal error at S3, timeout, a broken transfer |
 * | HV000 | fdw_error | anything else that S3 or its client library reports |
 *
 * Class 08 is left alone: drivers take it as the end of their own connection to us.
 */
import { PgError } from "../core/pg-error.ts";
import {
  BY_S3_CODE,
  BY_STATUS,
  BY_SYSTEM_CODE,
  type Explanation,
  NO_CREDENTIALS,
  NOT_S3,
  type S3Attempt,
  type Symptoms,
  TIMED_OUT,
  UNKNOWN,
} from "./s3-explanations.ts";

/** The one PgError for a failed request. */
export function s3Error(error: unknown, attempt: S3Attempt): PgError {
  const symptoms = symptomsOf(error);
  return explained(explanationFor(symptoms), attempt, symptoms, error);
}

/** An answer with the status of success in which nothing is what S3 would send. */
export function notS3Error(attempt: S3Attempt): PgError {
  return explained(NOT_S3, attempt, symptomsOf(undefined), undefined);
}

/** A transfer that failed although S3 accepted it. */
export function transferError(attempt: S3Attempt, reason: string, cause?: unknown): PgError {
  const hint = "It is tried again at the next refresh.";
  return new PgError("io_error", `${prefix(attempt)}: ${reason}`, { hint, cause });
}

export function symptomsOf(error: unknown): Symptoms {
  const name = textAt(error, "name");
  const headers = fieldOf(fieldOf(error, "$response"), "headers");
  const status = fieldOf(fieldOf(error, "$metadata"), "httpStatusCode");
  return {
    name,
    s3Code: wordAt(error, "Code") ?? (name === "InvalidBucketName" ? name : undefined),
    systemCode: textAt(error, "code"),
    status: typeof status === "number" ? status : undefined,
    requestId: wordAt(fieldOf(error, "$metadata"), "requestId"),
    contentType: textAt(headers, "content-type"),
    bucketRegion: wordAt(error, "Region") ?? wordAt(headers, "x-amz-bucket-region"),
  };
}

function explanationFor(symptoms: Symptoms): Explanation {
  const { name, s3Code, systemCode, status, contentType } = symptoms;
  if (name === "CredentialsProviderError" || name === "TokenProviderError") return NO_CREDENTIALS;
  const byCode =
    row(BY_S3_CODE, s3Code) ??
    (contentType?.startsWith("text/html") === true ? NOT_S3 : undefined) ??
    row(BY_SYSTEM_CODE, systemCode) ??
    (name === "TimeoutError" ? TIMED_OUT : undefined);
  if (byCode !== undefined) return byCode;
  // A code that no row knows says more than its status does.
  return (s3Code === undefined ? row(BY_STATUS, status) : undefined) ?? UNKNOWN;
}

function explained(
  explanation: Explanation,
  attempt: S3Attempt,
  symptoms: Symptoms,
  error: unknown,
): PgError {
  const { status, s3Code, requestId } = symptoms;
  const answer = [status, s3Code].filter((part) => part !== undefined).join(" ");
  const request = requestId === undefined ? "" : ` to request ${requestId}`;
  return new PgError(
    explanation.condition,
    `${prefix(attempt)}: ${explanation.reason(attempt, symptoms)}`,
    {
      detail: answer === "" ? undefined : `S3 answered ${answer}${request}.`,
      hint: explanation.hint(attempt, symptoms),
      // An error that S3 sent may carry a token; one from the network says what the message cannot.
      cause: status === undefined ? error : undefined,
    },
  );
}

function prefix({ action, bucket, store }: S3Attempt): string {
  const path = action.verb === "list" ? action.prefix : action.key;
  return `could not ${action.verb} "s3://${bucket}/${path}" of store "${store}"`;
}

function row<K extends string | number>(
  table: Readonly<Record<K, Explanation>>,
  key: K | undefined,
): Explanation | undefined {
  return key !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, field) : undefined;
}

function textAt(value: unknown, field: string): string | undefined {
  const text = fieldOf(value, field);
  return typeof text === "string" && text !== "" ? text : undefined;
}

/** Whatever answers at an endpoint chose this text, and it is going to stand in our messages. */
function wordAt(value: unknown, field: string): string | undefined {
  const text = textAt(value, field);
  return text !== undefined && /^[\w.:/+=-]{1,64}$/.test(text) ? text : undefined;
}
