// SPDX-License-Identifier: MIT
//
// Writes scripts and what phoenix.js does with them, one a line. Usage:
//   node record.mjs PACKAGES random SEED COUNT    seeds SEED to SEED + COUNT - 1
//   node record.mjs PACKAGES rules                the scripts that show the differences
// PACKAGES is the folder whose node_modules holds the package phoenix.
import "./oracle/clock.mjs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [packages, kind, seed, count] = process.argv.slice(2);
const require = createRequire(join(resolve(packages), "package.json"));
const { Socket } = require("phoenix");

const write = (script) => process.stdout.write(JSON.stringify(script) + "\n");

if (kind === "random") {
  const { generate } = await import("./oracle/generate.mjs");
  for (let i = 0; i < Number(count); i++) {
    write(generate(Socket, Number(seed) + i));
  }
} else {
  const { ruleScripts } = await import("./oracle/rule_scripts.mjs");
  ruleScripts(Socket).forEach(write);
}
