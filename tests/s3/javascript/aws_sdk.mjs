// The AWS SDK for JavaScript, with its defaults: CRC32 trailers, virtual-hosted style switched off.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import {
    CompleteMultipartUploadCommand, CopyObjectCommand, CreateBucketCommand, CreateMultipartUploadCommand,
    DeleteObjectsCommand, GetObjectCommand, HeadObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command,
    ListPartsCommand, AbortMultipartUploadCommand, PutObjectCommand, S3Client, UploadPartCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { run, settings } from "./runner.mjs";

const configuration = {
    endpoint: settings.endpoint, region: settings.region, forcePathStyle: true, maxAttempts: 1,
    credentials: { accessKeyId: settings.accessKey, secretAccessKey: settings.secretKey },
};
const client = new S3Client(configuration);
// By default the SDK signs the checksum of an empty body into a URL, which no later body can match.
const presigner = new S3Client({ ...configuration, requestChecksumCalculation: "WHEN_REQUIRED" });
const Bucket = `js-${randomBytes(8).toString("hex")}`;
const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
const send = (Command, parameters) => client.send(new Command({ Bucket, ...parameters }));
const read = async (parameters) => (await send(GetObjectCommand, parameters)).Body.transformToByteArray();

await client.send(new CreateBucketCommand({ Bucket }));
await run({
    "an object goes up and down with its metadata": async () => {
        const Body = randomBytes(200_000);
        await send(PutObjectCommand, { Key: "k ü", Body, Metadata: { a: "b" }, ContentType: "text/x" });
        const got = await send(GetObjectCommand, { Key: "k ü", ChecksumMode: "ENABLED" });
        assert.equal(hash(await got.Body.transformToByteArray()), hash(Body));
        assert.deepEqual([got.Metadata, got.ContentType], [{ a: "b" }, "text/x"]);
        assert.ok(got.ChecksumCRC32);
    },
    "lib-storage uploads a stream in parallel parts": async () => {
        const pieces = Array.from({ length: 13 }, () => randomBytes(1 << 20));
        const upload = new Upload({
            client, params: { Bucket, Key: "stream", Body: Readable.from(pieces), Metadata: { from: "stream" } },
            partSize: 5 << 20, queueSize: 4,
        });
        const done = await upload.done();
        assert.match(done.ETag, /-3"$/);
        assert.equal(hash(await read({ Key: "stream" })), hash(Buffer.concat(pieces)));
        assert.equal((await send(HeadObjectCommand, { Key: "stream" })).Metadata.from, "stream");
    },
    "every checksum algorithm of the SDK is accepted for uploads": async () => {
        for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]) {
            const upload = new Upload({
                client, params: { Bucket, Key: ChecksumAlgorithm, Body: randomBytes(6 << 20), ChecksumAlgorithm },
                partSize: 5 << 20,
            });
            const done = await upload.done();
            assert.ok(done[`Checksum${ChecksumAlgorithm}`], ChecksumAlgorithm);
        }
    },
    "an upload step by step, listed and completed": async () => {
        const { UploadId } = await send(CreateMultipartUploadCommand, { Key: "steps", ChecksumAlgorithm: "CRC32C" });
        const part = await send(UploadPartCommand, {
            Key: "steps", UploadId, PartNumber: 1, Body: "hello", ChecksumAlgorithm: "CRC32C" });
        const uploads = await send(ListMultipartUploadsCommand, {});
        assert.deepEqual(uploads.Uploads.map((u) => u.UploadId), [UploadId]);
        const parts = await send(ListPartsCommand, { Key: "steps", UploadId });
        assert.deepEqual(parts.Parts.map((p) => [p.PartNumber, p.Size, p.ChecksumCRC32C]), [[1, 5, part.ChecksumCRC32C]]);
        const done = await send(CompleteMultipartUploadCommand, {
            Key: "steps", UploadId,
            MultipartUpload: { Parts: [{ PartNumber: 1, ETag: part.ETag, ChecksumCRC32C: part.ChecksumCRC32C }] } });
        assert.match(done.ChecksumCRC32C, /-1$/);
    },
    "an aborted upload is gone": async () => {
        const { UploadId } = await send(CreateMultipartUploadCommand, { Key: "aborted" });
        await send(AbortMultipartUploadCommand, { Key: "aborted", UploadId });
        await assert.rejects(send(ListPartsCommand, { Key: "aborted", UploadId }), { name: "NoSuchUpload" });
    },
    "copies, listings and deletion": async () => {
        await send(PutObjectCommand, { Key: "dir/a&b", Body: "x" });
        await send(CopyObjectCommand, { Key: "dir/copy", CopySource: `${Bucket}/dir/${encodeURIComponent("a&b")}` });
        const listed = await send(ListObjectsV2Command, { Prefix: "dir/" });
        assert.deepEqual(listed.Contents.map((o) => o.Key), ["dir/a&b", "dir/copy"]);
        await send(DeleteObjectsCommand, { Delete: { Objects: listed.Contents.map(({ Key }) => ({ Key })) } });
        assert.equal((await send(ListObjectsV2Command, { Prefix: "dir/" })).KeyCount, 0);
    },
    "presigned URLs work without credentials": async () => {
        const put = await getSignedUrl(presigner, new PutObjectCommand({ Bucket, Key: "signed" }), { expiresIn: 60 });
        assert.equal((await fetch(put, { method: "PUT", body: "signed" })).status, 200);
        const get = await getSignedUrl(presigner, new GetObjectCommand({ Bucket, Key: "signed" }), { expiresIn: 60 });
        assert.equal(await (await fetch(get)).text(), "signed");
    },
    "errors have their names": async () => {
        await assert.rejects(read({ Key: "none" }), { name: "NoSuchKey" });
        await assert.rejects(send(HeadObjectCommand, { Key: "none" }), { name: "NotFound" });
    },
});
