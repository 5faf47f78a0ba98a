import prepare from "@mongodb-js/saslprep";

const ASCII = /^[\0-\x7f]*$/;

/**
 * A password in the form that both sides hash: SASLprep (RFC 4013), and the password as it is where
 * that refuses it. PostgreSQL's server and libpq both do so, because a password with a character
 * that the profile of 2005 does not know would otherwise not work at all. PostgreSQL looks for
 * refused characters before it normalizes, the RFC and we after it: that differs only for passwords
 * with a few deprecated marks, presentation forms and letters younger than Unicode 3.2.
 */
export function saslprep(password: string): string {
  // PostgreSQL leaves ASCII alone, control characters included.
  if (ASCII.test(password)) return password;
  try {
    return prepare(password);
  } catch {
    return password;
  }
}
