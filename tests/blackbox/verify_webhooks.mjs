#!/usr/bin/env node
// Verifies a record of webhook deliveries as a customer's JavaScript would.
//
//   node verify_webhooks.mjs --record FILE.jsonl --secrets SECRETS.json [--every]
//
// Needs the package `standardwebhooks` (npm), found from the folder it is started in. The files are those
// of `verify_webhooks.py`, which also checks what is promised beside the signature. Verified as of the
// arrival of each delivery, so the age limit of the library counts and the age of the record does not.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";

const require = createRequire(path.join(process.cwd(), "start.js"));
const { Webhook } = require("standardwebhooks");

const { values: options } = parseArgs({
  options: {
    record: { type: "string" },
    secrets: { type: "string" },
    every: { type: "boolean", default: false },
  },
});
if (!options.record || !options.secrets) {
  console.error("usage: verify_webhooks.mjs --record FILE.jsonl --secrets SECRETS.json [--every]");
  process.exit(2);
}

const secrets = JSON.parse(readFileSync(options.secrets, "utf8"));
// A last line without its end is still being written.
const lines = readFileSync(options.record, "utf8").split("\n").slice(0, -1);

function verifies(secret, body, headers) {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

let wrong = 0;
const events = new Set();
for (const line of lines) {
  const delivery = JSON.parse(line);
  const body = Buffer.from(delivery.body, "base64");
  const known = [secrets[delivery.path] ?? []].flat();
  Date.now = () => delivery.at * 1000;
  const good = known.filter((secret) => verifies(secret, body, delivery.headers));
  const tampered = Buffer.concat([body, Buffer.from(" ")]);
  const fooled = known.some((secret) => verifies(secret, tampered, delivery.headers));
  events.add(`${delivery.path} ${delivery.headers["webhook-id"]}`);
  if (good.length === 0 || (options.every && good.length < known.length) || fooled) {
    wrong += 1;
    const name = `${delivery.path} ${delivery.headers["webhook-id"]} try ${delivery.attempt}`;
    const words = fooled ? "a tampered body verifies too" : "does not verify";
    console.error(`FAILED: ${name}: ${words} (${good.length} of ${known.length} secrets)`);
  }
}
if (wrong > 0 || lines.length === 0) {
  console.error(`verify_webhooks: ${wrong} of ${lines.length} deliveries are wrong`);
  process.exit(1);
}
const { version } = JSON.parse(
  readFileSync(path.join(path.dirname(require.resolve("standardwebhooks")), "../package.json"), "utf8"),
);
console.log(
  `verify_webhooks: ${lines.length} deliveries of ${events.size} events verify with standardwebhooks ${version} (npm)`,
);
