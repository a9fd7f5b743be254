// An authenticator in software behind navigator.credentials, for the official client of passkeys.
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";

const sha256 = (bytes) => createHash("sha256").update(bytes).digest();
const bytesOf = (buffer) => Buffer.from(buffer);
const bufferOf = (bytes) => new Uint8Array(bytes).buffer;
const head = (major, size) => {
  if (size < 24) return Buffer.from([(major << 5) | size]);
  return Buffer.from(size < 256 ? [(major << 5) | 24, size] : [(major << 5) | 25, size >> 8, size & 255]);
};

/** CBOR of what an attestation holds. */
function cbor(value) {
  if (typeof value === "number") return value < 0 ? head(1, -1 - value) : head(0, value);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (typeof value === "string") return Buffer.concat([head(3, value.length), Buffer.from(value)]);
  const parts = [...value].flatMap(([key, each]) => [cbor(key), cbor(each)]);
  return Buffer.concat([head(5, value.size), ...parts]);
}

/** `twist` may have an origin, an rpId, flags, and a signature that is spoiled. */
export class Authenticator {
  constructor(origin) {
    Object.assign(this, { origin, twist: {}, credentials: [] });
  }

  create({ publicKey: options }) {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { x, y } = publicKey.export({ format: "jwk" });
    const [left, right] = [x, y].map((each) => Buffer.from(each, "base64url"));
    const key = cbor(new Map([[1, 2], [3, -7], [-1, 1], [-2, left], [-3, right]]));
    const credential = { id: randomBytes(32), privateKey, rpId: options.rp.id, count: 0 };
    const data = this.data(credential, 0x45, Buffer.alloc(16), Buffer.from([0, 32]), credential.id, key);
    const statement = cbor(new Map([["fmt", "none"], ["attStmt", new Map()], ["authData", data]]));
    this.credentials.push(credential);
    return this.answer(credential, {
      clientDataJSON: this.client("webauthn.create", options),
      attestationObject: statement,
      getTransports: () => ["internal"],
    });
  }

  get({ publicKey: options }) {
    const credential = this.credentials.at(-1);
    credential.count += 1;
    const data = this.data(credential, this.twist.flags ?? 0x05);
    const client = this.client("webauthn.get", options);
    const key = this.twist.signature ? generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey : credential.privateKey;
    return this.answer(credential, {
      clientDataJSON: client,
      authenticatorData: data,
      signature: sign("sha256", Buffer.concat([data, sha256(client)]), key),
      userHandle: Buffer.from("somebody"),
    });
  }

  data({ rpId, count }, flags, ...attested) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(count);
    const hash = sha256(this.twist.rpId ?? rpId);
    return Buffer.concat([hash, Buffer.from([flags]), number, ...attested]);
  }

  client(type, { challenge }) {
    const origin = this.twist.origin ?? this.origin;
    const text = { type, challenge: bytesOf(challenge).toString("base64url"), origin };
    return Buffer.from(JSON.stringify({ ...text, crossOrigin: false }));
  }

  answer({ id }, response) {
    const buffers = Object.entries(response).map(([name, value]) => [name, Buffer.isBuffer(value) ? bufferOf(value) : value]);
    return {
      id: id.toString("base64url"),
      rawId: bufferOf(id),
      type: "public-key",
      authenticatorAttachment: "platform",
      response: Object.fromEntries(buffers),
      getClientExtensionResults: () => ({}),
    };
  }

  /** Let the browser's functions reach this authenticator, until the next one is used. */
  use() {
    globalThis.PublicKeyCredential ??= class {};
    globalThis.navigator ??= { userAgent: "node", onLine: true };
    const credentials = {
      create: async (options) => this.create(options),
      get: async (options) => this.get(options),
    };
    Object.defineProperty(globalThis.navigator, "credentials", { value: credentials, configurable: true });
    return this;
  }
}
