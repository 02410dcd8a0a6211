// minio-js: signed chunks over plain HTTP, parts, listings, presigned URLs.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import * as Minio from "minio";
import { run, settings } from "./runner.mjs";

const url = new URL(settings.endpoint);
const client = new Minio.Client({
    endPoint: url.hostname, port: Number(url.port), useSSL: false, region: settings.region,
    accessKey: settings.accessKey, secretKey: settings.secretKey, partSize: 5 << 20,
});
const bucket = `minio-${randomBytes(8).toString("hex")}`;
const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
const collect = async (stream) => {
    const pieces = [];
    for await (const piece of stream) pieces.push(piece);
    return pieces;
};
const read = async (name) => Buffer.concat(await collect(await client.getObject(bucket, name)));

await run({
    "buckets are made and found": async () => {
        await client.makeBucket(bucket, settings.region);
        assert.equal(await client.bucketExists(bucket), true);
        assert.ok((await client.listBuckets()).some((b) => b.name === bucket));
    },
    "an object goes up and down with its metadata": async () => {
        const body = randomBytes(100_000);
        await client.putObject(bucket, "k ü", body, body.length, { "X-Amz-Meta-A": "b", "Content-Type": "text/x" });
        assert.equal(hash(await read("k ü")), hash(body));
        const stat = await client.statObject(bucket, "k ü");
        assert.deepEqual([stat.size, stat.metaData.a, stat.metaData["content-type"]], [100_000, "b", "text/x"]);
    },
    "a stream of unknown length goes in parts": async () => {
        const pieces = Array.from({ length: 12 }, () => randomBytes(1 << 20));
        await client.putObject(bucket, "stream", Readable.from(pieces));
        assert.equal(hash(await read("stream")), hash(Buffer.concat(pieces)));
    },
    "a range": async () => {
        await client.putObject(bucket, "range", "0123456789");
        const part = Buffer.concat(await collect(await client.getPartialObject(bucket, "range", 3, 4)));
        assert.equal(part.toString(), "3456");
    },
    "copies, listings and deletion": async () => {
        await client.putObject(bucket, "dir/a&b", "x");
        await client.copyObject(bucket, "dir/copy", `/${bucket}/dir/a&b`);
        const names = (await collect(client.listObjectsV2(bucket, "dir/", true))).map((o) => o.name);
        assert.deepEqual(names, ["dir/a&b", "dir/copy"]);
        await client.removeObjects(bucket, names);
        assert.deepEqual(await collect(client.listObjectsV2(bucket, "dir/", true)), []);
    },
    "uploads under way are listed and removed": async () => {
        const id = await client.initiateNewMultipartUpload(bucket, "open", {});
        const open = await collect(client.listIncompleteUploads(bucket, "open", true));
        assert.deepEqual(open.map((u) => u.uploadId), [id]);
        await client.removeIncompleteUpload(bucket, "open");
        assert.deepEqual(await collect(client.listIncompleteUploads(bucket, "open", true)), []);
    },
    "presigned URLs work without credentials": async () => {
        const put = await client.presignedPutObject(bucket, "signed", 60);
        assert.equal((await fetch(put, { method: "PUT", body: "signed" })).status, 200);
        assert.equal(await (await fetch(await client.presignedGetObject(bucket, "signed", 60))).text(), "signed");
    },
    "errors have their codes": async () => {
        await assert.rejects(client.getObject(bucket, "none"), { code: "NoSuchKey" });
    },
});
