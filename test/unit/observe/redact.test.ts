import * as fc from "fast-check";
import { expect, test } from "vitest";
import { redacted, redactedText } from "../../../src/observe/redact.ts";

test("a field with a secret's name loses its value, in any spelling and at any depth", () => {
  const fields = {
    store: { credentials: { access_key_id: "AK", secret_access_key: "SK" } },
    list: [{ secretAccessKey: "SK", Password: "pw", session_token: "t" }],
    user: "ana",
  };

  expect(redacted(fields)).toEqual({
    store: { credentials: "[redacted]" },
    list: [{ secretAccessKey: "[redacted]", Password: "[redacted]", session_token: "[redacted]" }],
    user: "ana",
  });
});

test.each([
  "sse_c",
  "sse_c_key",
  "customerKey",
  "customer_key",
  "SSECustomerKey",
  "CopySourceSSECustomerKey",
  "x-amz-server-side-encryption-customer-key",
])("the key of encryption by the customer is a secret in the field %s", (name) => {
  expect(redacted({ store: { [name]: "a2V5" } })).toEqual({ store: { [name]: "[redacted]" } });
});

test.each([
  ["postgres://demo:s3cret@127.0.0.1:5433/demo", "postgres://demo:[redacted]@127.0.0.1:5433/demo"],
  ["user SCRAM-SHA-256$4096:c2FsdA==$a+/=:b= failed", "user SCRAM-SHA-256$[redacted] failed"],
  [
    "https://b.s3/x?X-Amz-Credential=AKIA%2F2024&X-Amz-Date=1&X-Amz-Signature=0ab",
    "https://b.s3/x?X-Amz-Credential=[redacted]&X-Amz-Date=1&X-Amz-Signature=[redacted]",
  ],
  ["the key AKIAIOSFODNN7EXAMPLE is unknown", "the key [redacted] is unknown"],
  [
    "s3://acme-data/a:b@c.csv at http://127.0.0.1:8433",
    "s3://acme-data/a:b@c.csv at http://127.0.0.1:8433",
  ],
])("the text %j is written as %j", (text, written) => {
  expect(redactedText(text)).toBe(written);
});

test("an error keeps what we know of it and nothing that a library hung on it", () => {
  const cause = Object.assign(new TypeError("inner"), { code: "ECONNRESET" });
  const error = Object.assign(new Error("outer", { cause }), {
    $response: { headers: { authorization: "AWS4-HMAC-SHA256 …" } },
  });

  expect(redacted(error)).toEqual({
    type: "Error",
    message: "outer",
    stack: expect.stringContaining("outer"),
    cause: expect.objectContaining({ type: "TypeError", message: "inner", code: "ECONNRESET" }),
  });
});

test("bytes are counted, not written", () => {
  expect(redacted({ body: Buffer.from("secret") })).toEqual({ body: "[6 bytes]" });
});

test("a cycle ends", () => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;

  expect(JSON.stringify(redacted(cycle))).toContain("[too deep]");
});

test("maps, sets and dates are written as what they hold", () => {
  const at = new Date(0);

  expect(redacted({ map: new Map([["password", "x"]]), set: new Set([1]), at })).toEqual({
    map: { password: "[redacted]" },
    set: [1],
    at,
  });
});

test("no value at all makes it fail, and what it returns can be written as JSON", () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      const written = redacted(value);
      // JSON has no big integers; the logger writes them itself.
      const json = () =>
        JSON.stringify(written, (_, part: unknown) => (typeof part === "bigint" ? "" : part));
      expect(json).not.toThrow();
    }),
  );
});
