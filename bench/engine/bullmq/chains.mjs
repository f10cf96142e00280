// SPDX-License-Identifier: Apache-2.0
// Chains of noop jobs in BullMQ: each job, when done, adds the next of its chain. chains.mjs PORT CHAINS LENGTH
import { Queue, Worker } from "bullmq";
import IORedis from "ioredis";

const [port, chains, length] = process.argv.slice(2).map(Number);
const connect = () => new IORedis({ host: "127.0.0.1", port, maxRetriesPerRequest: null });
const keep = { removeOnComplete: true, removeOnFail: false };
const queue = new Queue("steps", { connection: connect() });
let ended = 0, steps = 0, started = 0, tell;
const over = new Promise((resolve) => { tell = resolve; });

const worker = new Worker(
  "steps",
  async (job) => {
    steps++;
    if (job.data.step + 1 < length) await queue.add("step", { chain: job.data.chain, step: job.data.step + 1 }, keep);
    else if (++ended === chains) tell();
    return { status: "noop" };
  },
  { connection: connect(), concurrency: 200 },
);
await worker.waitUntilReady();
started = process.hrtime.bigint();
const first = Array.from({ length: chains }, (_, chain) => ({ name: "step", data: { chain, step: 0 }, opts: keep }));
await queue.addBulk(first);
await over;
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
console.log(JSON.stringify({ bench: "concurrent_strict", subject: "bullmq", value: Math.round(steps / seconds), unit: "steps/s" }));
await worker.close();
await queue.close();
process.exit(0);
