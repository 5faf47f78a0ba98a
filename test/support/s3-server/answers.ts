/** What the stand-in answers when it refuses: codes, statuses and sentences are those of AWS. */
export const S3_ERRORS = {
  AccessDenied: [403, "Access Denied"],
  AuthorizationHeaderMalformed: [
    400,
    "The authorization header that you provided is not valid for this region.",
  ],
  AuthorizationQueryParametersError: [400, "Error parsing the X-Amz-Credential parameter."],
  BadDigest: [400, "The Content-MD5 or checksum value that you specified did not match."],
  ExpiredToken: [400, "The provided token has expired."],
  InternalError: [500, "We encountered an internal error. Please try again."],
  InvalidAccessKeyId: [403, "The AWS Access Key Id you provided does not exist in our records."],
  InvalidArgument: [400, "Invalid Argument"],
  InvalidBucketName: [400, "The specified bucket is not valid."],
  InvalidObjectState: [403, "The operation is not valid for the object's storage class"],
  InvalidRequest: [
    400,
    "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
  ],
  InvalidRange: [416, "The requested range is not satisfiable"],
  InvalidToken: [400, "The provided token is malformed or otherwise invalid."],
  MethodNotAllowed: [405, "The specified method is not allowed against this resource."],
  NoSuchBucket: [404, "The specified bucket does not exist"],
  NoSuchKey: [404, "The specified key does not exist."],
  NoSuchVersion: [404, "The specified version does not exist."],
  NotImplemented: [501, "A header you provided implies functionality that is not implemented"],
  PermanentRedirect: [
    301,
    "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
  ],
  PreconditionFailed: [412, "At least one of the pre-conditions you specified did not hold"],
  RequestTimeTooSkewed: [
    403,
    "The difference between the request time and the current time is too large.",
  ],
  SecondLevelDomainForbidden: [403, "Please use virtual hosted style to access."],
  SignatureDoesNotMatch: [
    403,
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
  ],
  SlowDown: [503, "Please reduce your request rate."],
  XAmzContentSHA256Mismatch: [
    400,
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
  ],
} as const satisfies Readonly<Record<string, readonly [status: number, message: string]>>;

export type S3ErrorCode = keyof typeof S3_ERRORS;

/** Thrown by the operations, answered by the server. */
export class S3Refusal extends Error {
  override readonly name = "S3Refusal";
  readonly code: S3ErrorCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly elements: Readonly<Record<string, string>>;

  constructor(
    code: S3ErrorCode,
    more: { headers?: Record<string, string>; elements?: Record<string, string> } = {},
  ) {
    super(S3_ERRORS[code][1]);
    this.code = code;
    this.headers = more.headers ?? {};
    this.elements = more.elements ?? {};
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export function xmlAnswer(
  status: number,
  xml: string,
  headers: Record<string, string> = {},
): Answer {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`);
  return { status, headers: { "content-type": "application/xml", ...headers }, body };
}

export function errorAnswer(
  code: string,
  status: number,
  message: string,
  more: { headers?: Record<string, string>; elements?: Record<string, string> } = {},
): Answer {
  const elements = { Code: code, Message: message, ...more.elements };
  const inner = Object.entries(elements).map(([name, text]) => element(name, text));
  return xmlAnswer(status, `<Error>${inner.join("")}</Error>`, more.headers);
}

export function element(name: string, text: string): string {
  return `<${name}>${escapeXml(text)}</${name}>`;
}

/** Escapes as S3 does, which writes a character that XML cannot hold as a reference all the same. */
function escapeXml(text: string): string {
  return text.replace(
    /[&<>"\p{Cc}]/gu,
    (character) => `&#x${character.charCodeAt(0).toString(16)};`,
  );
}
