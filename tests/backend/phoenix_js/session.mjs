// SPDX-License-Identifier: MIT
//
// The official Phoenix client against the backend: what it takes for granted of a server must hold
// here. Every wait is for a fact, and has a limit.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { LongPoll, Socket } from "phoenix";
import WebSocket from "ws";

const LIMIT_MS = 10000;

const backend = spawn(process.env.COMMUNITY_BACKEND,
  ["--port", "0", "--db", ":memory:", "--control"], { stdio: ["ignore", "pipe", "inherit"] });
const line = await new Promise((resolve) =>
  createInterface({ input: backend.stdout }).once("line", resolve));
const base = line.replace("listening on ", "");

const within = (promise, what) => {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} in ${LIMIT_MS} ms`)), LIMIT_MS);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
};

const rest = async (method, path, body) => {
  const answer = await fetch(`${base}/api/community${path}`, {
    method,
    headers: { authorization: "Bearer tok-bob", "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.status === 204 ? null : (await answer.json()).data;
};

const control = async (verb, body = {}) => {
  const answer = await fetch(`${base}/control/${verb}`,
    { method: "POST", body: JSON.stringify(body) });
  assert.equal(answer.status, 200, verb);
};

const joins = async () => (await (await fetch(`${base}/control/status`)).json()).joins;

// Does something that costs the channel, and waits until it has joined again by itself.
const rejoin = async (channel, provoke) => {
  const before = await joins();
  await provoke();
  await within((async () => {
    while (await joins() === before || channel.state !== "joined") {
      await new Promise((resolve) => { setTimeout(resolve, 5); });
    }
  })(), "rejoin");
};

const connect = (options) => {
  const socket = new Socket(base.replace("http", "ws") + "/community", {
    transport: WebSocket,
    reconnectAfterMs: () => 20,
    rejoinAfterMs: () => 20,
    ...options,
  });
  socket.connect();
  return socket;
};

const replyTo = (push, status) => within(new Promise((resolve, reject) => {
  for (const other of ["ok", "error", "timeout"]) {
    push.receive(other, other === status ? resolve : () => reject(new Error(`reply ${other}`)));
  }
}), `reply ${status}`);

// Collects a channel's events; next() gives them one by one.
const listen = (channel, ...events) => {
  const seen = [];
  let wake = () => {};
  for (const event of events) {
    channel.on(event, (payload) => {
      seen.push([event, payload]);
      wake();
    });
  }
  return {
    next: () => within((async () => {
      while (seen.length === 0) {
        await new Promise((resolve) => { wake = resolve; });
      }
      return seen.shift();
    })(), "event"),
  };
};

const once = (register, what) => within(new Promise((resolve) => register(resolve)), what);
const leave = (socket) => new Promise((resolve) => socket.disconnect(resolve));

const tests = {
  async "the five events"() {
    const socket = connect({ params: { token: "tok-alice" } });
    const channel = socket.channel("community:feed", {});
    const feed = listen(channel, "new_post", "post_updated", "post_deleted",
      "post_likes_updated", "post_comments_updated");
    assert.deepEqual(await replyTo(channel.join(), "ok"), {});
    const post = await rest("POST", "/posts", { body: "Grüße \u0000 👋" });
    assert.deepEqual(await feed.next(), ["new_post", post]);
    const edited = await rest("PUT", `/posts/${post.id}`, { body: "edited" });
    assert.deepEqual(await feed.next(), ["post_updated", edited]);
    await rest("POST", `/posts/${post.id}/like`);
    assert.deepEqual(await feed.next(),
      ["post_likes_updated", { id: post.id, likes_count: 1, liked_by_user_ids: [2] }]);
    const comment = await rest("POST", `/posts/${post.id}/comments`, { body: "c" });
    assert.deepEqual(await feed.next(),
      ["post_comments_updated", { id: post.id, comments_count: 1 }]);
    await rest("DELETE", `/posts/${post.id}/comments/${comment.id}`);
    assert.deepEqual(await feed.next(),
      ["post_comments_updated", { id: post.id, comments_count: 0 }]);
    await rest("DELETE", `/posts/${post.id}`);
    assert.deepEqual(await feed.next(), ["post_deleted", { id: post.id }]);
    await replyTo(channel.leave(), "ok");
    await leave(socket);
  },

  async "pushes and replies"() {
    const socket = connect({ params: { token: "tok-alice" } });
    const channel = socket.channel("echo:js", { hi: 1 });
    assert.deepEqual(await replyTo(channel.join(), "ok"), { params: { hi: 1 }, topic: "echo:js" });
    assert.deepEqual(await replyTo(channel.push("ping", { n: 1 }), "ok"), { n: 1 });
    assert.deepEqual(await replyTo(channel.push("error_me", {}), "error"), { reason: "nope" });
    await replyTo(channel.push("noreply", {}, 50), "timeout");
    const binary = listen(channel, "binpush");
    const reply = await replyTo(channel.push("bin", new Uint8Array([0, 1, 255]).buffer), "ok");
    assert.deepEqual([...new Uint8Array(reply)], [0, 1, 255]);
    assert.deepEqual([...new Uint8Array((await binary.next())[1])], [0, 1, 255]);
    const large = "x".repeat(3000000);
    assert.equal((await replyTo(channel.push("ping", { large }), "ok")).large, large);
    await once((done) => socket.ping(done), "ping");
    await leave(socket);
  },

  async "reconnect and rejoin after a drop"() {
    const socket = connect({ params: { token: "tok-alice" } });
    const channel = socket.channel("community:feed", {});
    const feed = listen(channel, "new_post");
    await replyTo(channel.join(), "ok");
    for (const drop of [["drop"], ["disconnect"], ["drop", { mode: "close", code: 1012 }]]) {
      await rejoin(channel, () => control(...drop));
      const post = await rest("POST", "/posts", { body: "after" });
      assert.deepEqual(await feed.next(), ["new_post", post]);
    }
    await leave(socket);
  },

  async "a crashed channel rejoins, a closed one does not"() {
    const socket = connect({ params: { token: "tok-alice" } });
    const channel = socket.channel("community:feed", {});
    await replyTo(channel.join(), "ok");
    await rejoin(channel, () => control("crash"));
    const closed = once((done) => channel.onClose(done), "close");
    await control("close");
    await closed;
    assert.equal(channel.state, "closed");
    await leave(socket);
  },

  async "who is not a member may not join"() {
    const socket = connect({ params: { token: "tok-carol" } });
    const channel = socket.channel("community:feed", {});
    assert.deepEqual(await replyTo(channel.join(), "error"), { reason: "not_a_member" });
    await leave(socket);
  },

  async "the token in the sub-protocol"() {
    const socket = connect({ authToken: "tok-alice" });
    const channel = socket.channel("community:feed", {});
    await replyTo(channel.join(), "ok");
    await leave(socket);
  },

  async "long polls"() {
    for (const token of [{ params: { token: "tok-alice" } }, { authToken: "tok-alice" }]) {
      const socket = connect({ transport: LongPoll, ...token });
      const channel = socket.channel("echo:js", {});
      const feed = socket.channel("community:feed", {});
      const posts = listen(feed, "new_post");
      await replyTo(channel.join(), "ok");
      await replyTo(feed.join(), "ok");
      const pushes = Array.from({ length: 150 }, (_, n) => channel.push("ping", { n }));
      for (const [n, push] of pushes.entries()) {
        assert.deepEqual(await replyTo(push, "ok"), { n });
      }
      const shouts = listen(channel, "shout");
      channel.push("broadcast", { text: 1 });
      assert.deepEqual(await shouts.next(), ["shout", { text: 1 }]);
      await rejoin(feed, () => control("drop"));
      const post = await rest("POST", "/posts", { body: "after" });
      assert.deepEqual(await posts.next(), ["new_post", post]);
      await leave(socket);
    }
  },

  async "falls back to long polls"() {
    await control("refuse", { status: 502 });
    const socket = connect({ params: { token: "tok-alice" }, longPollFallbackMs: 2000 });
    const channel = socket.channel("community:feed", {});
    await replyTo(channel.join(), "ok");
    await leave(socket);
  },

  async "a wrong token is refused"() {
    const socket = connect({ params: { token: "wrong" } });
    socket.onOpen(() => assert.fail("it opened"));
    const error = await once((done) => socket.onError(done), "error");
    assert.match(error.message, /403/);
    await leave(socket);
  },
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    await control("reset");
    await test();
    console.log(`ok - ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok - ${name}\n${error.stack}`);
  }
}
const ended = new Promise((resolve) => backend.once("exit", resolve));
backend.kill("SIGTERM");
const status = await within(ended, "exit");
process.exit(failed === 0 && status === 0 ? 0 : 1);
