// SPDX-License-Identifier: MIT
//
// A WebSocket that does what the script says. Like a browser's it is already closed when it reports
// an error or its end, and reports the error first.

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

// `report(kind, ...facts)` hears of what the client does with it.
export const transportClass = (report) => class FakeWebSocket {
  static latest = null;
  // How long a close that the client asks for takes; 0: it is done when close() returns.
  static closeLatency = 0;

  constructor() {
    this.readyState = CONNECTING;
    this.bufferedAmount = 0;
    FakeWebSocket.latest = this;
    report("open");
  }

  send(data) {
    report("send", data);
  }

  close(code) {
    if (this.readyState >= CLOSING) {
      return;
    }
    const wasOpen = this.readyState === OPEN;
    this.readyState = CLOSING;
    report("close", code ?? 0, wasOpen);
    // A dead link is not waited for, nor is one that was never up.
    if (!wasOpen || FakeWebSocket.closeLatency === 0) {
      this.end(wasOpen ? code ?? 1000 : 1006);
    } else if (FakeWebSocket.closeLatency > 0) {
      setTimeout(() => this.end(code ?? 1000), FakeWebSocket.closeLatency);
    }
  }

  end(code) {
    this.readyState = CLOSED;
    this.onclose?.({ code, reason: "", wasClean: code !== 1006 });
  }

  // --- what the script does ---

  opened() {
    this.readyState = OPEN;
    this.onopen();
  }

  dropped() {
    this.readyState = CLOSED;
    this.onerror(new Error("dropped"));
    this.onclose({ code: 1006, reason: "", wasClean: false });
  }

  received(data) {
    try {
      this.onmessage({ data });
    } catch {
      // A browser reports what a handler throws, and goes on.
    }
  }
};

export const READY_STATE = { CONNECTING, OPEN, CLOSING, CLOSED };
