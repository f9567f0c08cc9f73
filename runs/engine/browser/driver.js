// Loaded into the driver before all else: what an answer brings is counted while it is read, as it comes and as it is
// unpacked. Playwright itself keeps answers to requests of its own whole, however large they get.
// biome-ignore lint/suspicious/noRedundantUseStrict: node requires this as CommonJS, which is not strict by itself
"use strict";
const http = require("node:http");
const zlib = require("node:zlib");

const MOST = Number(process.env.MOST_BYTES_OF_ANSWERS);
const SAID = {
  came: `the answer is larger than ${MOST / 1e6} MB`,
  unpacked: `the answer unpacks to more than ${MOST / 1e6} MB`,
};

function bound(kind, said) {
  const push = kind.prototype.push;
  const sizes = new WeakMap();
  kind.prototype.push = function (chunk, encoding) {
    const size = (sizes.get(this) ?? 0) + (chunk?.length ?? 0);
    sizes.set(this, size);
    if (size <= MOST) return push.call(this, chunk, encoding);
    const error = new Error(said);
    // A message that is destroyed says first that it was aborted, and who waits would hear nothing but that.
    if (!this.destroyed && said === SAID.came && this.listenerCount("error")) this.emit("error", error);
    this.destroy(error);
    return false;
  };
}

bound(http.IncomingMessage, SAID.came);
for (const kind of [zlib.Gunzip, zlib.Inflate, zlib.BrotliDecompress]) bound(kind, SAID.unpacked);
