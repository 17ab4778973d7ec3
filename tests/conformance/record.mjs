// SPDX-License-Identifier: MIT
//
// Writes scripts and what phoenix.js does with them, one a line. Usage:
//   node record.mjs PACKAGES random SEED COUNT    seeds SEED to SEED + COUNT - 1
//   node record.mjs PACKAGES rules                the scripts that show the differences
// PACKAGES is the folder whose node_modules holds the packages of package.json.
import "./oracle/clock.mjs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

// 1.8.12, and 1.8.16, whose handling of connections is another one: no close by the server is final
// there. Even seeds are the former's, odd ones the latter's.
const CLIENTS = [
  { package: "phoenix-1.8.12", version: "1.8.12", finalCloseCode: 1000 },
  { package: "phoenix", version: "1.8.16", finalCloseCode: 0 },
];

const [packages, kind, seed, count] = process.argv.slice(2);
const require = createRequire(join(resolve(packages), "package.json"));
const sockets = CLIENTS.map((client) => require(client.package).Socket);

const write = (script) => process.stdout.write(JSON.stringify(script) + "\n");

if (kind === "random") {
  const { generate } = await import("./oracle/generate.mjs");
  for (let i = Number(seed); i < Number(seed) + Number(count); i++) {
    const { version, finalCloseCode } = CLIENTS[i % CLIENTS.length];
    const steps = generate(sockets[i % CLIENTS.length], i);
    write({ seed: i, phoenix: version, final_close_code: finalCloseCode, steps });
  }
} else {
  const { ruleScripts } = await import("./oracle/rule_scripts.mjs");
  ruleScripts(sockets[0]).forEach(write);
}
