/** A new hash of a password, by argon2id, with its parameters in it. Takes some ten milliseconds on a pool thread. */
export function hashPassword(password: string): Promise<string> {
  return Bun.password.hash(password, { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 });
}

/** Does the password have this hash, of argon2 or bcrypt (also as `htpasswd -B` writes it)? False for what is neither. */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const known = hash.replace(/^\$2y\$/, "$2b$");
  if (!/^\$(?:2[ab]|argon2(?:id|i|d))\$/.test(known)) return false;
  return Bun.password.verify(password, known);
}
