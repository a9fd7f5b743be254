// Prints rows of Better Auth's table twoFactor, made by its own functions, and codes of their apps.
// node better_auth_rows.mjs TIME-STEP

import { createOTP } from "@better-auth/utils/otp";
import { base32 } from "@better-auth/utils/base32";
import { symmetricEncrypt } from "better-auth/crypto";

const OLD = "the secret of a Better Auth long ago";
const keys = { keys: new Map([[1, OLD], [2, "the next one: it encrypts now"]]), currentVersion: 2 };
const RAW = "q7RtY2mNvBAb3dEx9KqZq7RtY2mNvBAb";
const BYTES = new TextEncoder().encode("20 bytes of a secret");

async function row(userId, secret, key, fields = {}) {
  const backupCodes = JSON.stringify([`${userId}-code1`, `${userId}-code2`]);
  return {
    id: `row-of-${userId}`,
    secret: await symmetricEncrypt({ key, data: secret }),
    backupCodes: await symmetricEncrypt({ key, data: backupCodes }),
    userId,
    verified: true,
    failedVerificationCount: 0,
    lockedUntil: null,
    ...fields,
  };
}

const options = { digits: 6, period: 30 };
const step = Number(process.argv[2]);
console.log(
  JSON.stringify({
    secret: OLD,
    secrets: `2:${keys.keys.get(2)},1:${OLD}`,
    rows: [
      await row("ada", RAW, OLD),
      await row("bob", RAW, keys),
      await row("cleo", `base32:${base32.encode(BYTES, { padding: false })}`, OLD),
      await row("dan", RAW, OLD, { verified: false }),
    ],
    codes: {
      ada: await createOTP(RAW, options).hotp(step),
      bob: await createOTP(RAW, options).hotp(step),
      cleo: await createOTP(BYTES, options).hotp(step),
    },
  }),
);
