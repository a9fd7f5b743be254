// What the drivers of the official clients share: their assertions, and how they report scenes.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeSync } from "node:fs";

export const newEmail = () => `person-${randomBytes(6).toString("hex")}@example.com`;

export function data(response) {
  assert.equal(response.error, null, `unexpected error ${JSON.stringify(response.error)}`);
  return response.data;
}

export function assertRefused(response, status, code) {
  assert.deepEqual([response.error?.status, response.error?.code], [status, code]);
}

/** Print a line for each scene, `ok NAME` or `not ok NAME: why`; exit with 0 only if all hold. */
export async function runScenes(scenes) {
  let failed = 0;
  for (const [name, scene] of Object.entries(scenes)) {
    try {
      await scene();
      console.log(`ok ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`not ok ${name}: ${error.message.replace(/\s+/g, " ")}`);
    }
  }
  console.log(`${Object.keys(scenes).length - failed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}

/** Print a long line although the process is ending: console.log would lose what a pipe does not take at once. */
export function printLine(value) {
  let rest = Buffer.from(`${JSON.stringify(value)}\n`);
  while (rest.length) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}
