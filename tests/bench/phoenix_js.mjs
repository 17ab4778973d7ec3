// SPDX-License-Identifier: MIT
//
// The peer of the whole client: phoenix.js on the ws package, with the feed as the architecture
// document keeps it: new posts that are not there yet go to the top, the oldest beyond the capacity
// go. Usage: node phoenix_js.mjs BLASTER EVENTS
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Socket } from "phoenix";
import WebSocket from "ws";

const CAPACITY = 500;
const WARM_UP = 20000;
const [blasterPath, eventsText] = process.argv.slice(2);
const events = Number(eventsText);

const figure = (name, value, unit) => console.log(JSON.stringify(
  { figure: `phoenix_js.${name}`, value: Number(value.toPrecision(6)), unit, n: events }));

const blaster = spawn(blasterPath, [], { stdio: ["pipe", "pipe", "inherit"] });
const lines = createInterface({ input: blaster.stdout })[Symbol.asyncIterator]();
const port = (await lines.next()).value.replace("port ", "");

const feed = { posts: [], ids: new Set(), received: 0 };
let expected = 0;
let arrived = null;

const onNewPost = (post) => {
  feed.received += 1;
  if (!feed.ids.has(post.id)) {
    feed.ids.add(post.id);
    feed.posts.unshift(post);
    if (feed.posts.length > CAPACITY) {
      feed.ids.delete(feed.posts.pop().id);
    }
  }
  if (feed.received === expected) {
    arrived();
  }
};

const socket = new Socket(`ws://127.0.0.1:${port}/community`,
  { transport: WebSocket, params: { token: "tok-alice" } });
socket.connect();
const channel = socket.channel("community:feed", {});
channel.on("new_post", onNewPost);
await new Promise((resolve, reject) => {
  channel.join().receive("ok", resolve).receive("error", reject).receive("timeout", reject);
});

const blast = async (count) => {
  const all = new Promise((resolve) => { arrived = resolve; });
  expected += count;
  blaster.stdin.write(`${count}\n`);
  await all;
  return (await lines.next()).value.split(" ").map(Number);
};

await blast(WARM_UP);
const cpu = process.cpuUsage();
const begin = process.hrtime.bigint();
const [, wallNs, waitedNs, blasterCpuNs] = await blast(events);
const elapsedNs = Number(process.hrtime.bigint() - begin);
const used = process.cpuUsage(cpu);
if (feed.posts.length !== CAPACITY) {
  throw new Error(`${feed.posts.length} posts`);
}
figure("cpu", (used.user + used.system) * 1000 / events, "ns");
figure("rate", events * 1e9 / elapsedNs, "events/s");
figure("blaster_waited", 100 * waitedNs / wallNs, "%");
figure("blaster_cpu", blasterCpuNs / events, "ns");
figure("resident", process.memoryUsage().rss / 1024, "kB");
blaster.stdin.end();
process.exit(0);
