"""S3's checksums as base64 text, computed without the server: those of the standard library and CRCs
bit by bit from their polynomials. The XXHASH family needs the package xxhash."""

import base64
import hashlib
import struct
import zlib

CRC64NVME_REFLECTED = 0x9A6C9329AC4BC9B5
CRC32C_REFLECTED = 0x82F63B78


def _table(polynomial):
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (polynomial if byte & 1 else 0)
        table.append(byte)
    return table


_CRC32C = _table(CRC32C_REFLECTED)
_CRC64NVME = _table(CRC64NVME_REFLECTED)


def _crc(data, table, mask):
    crc = mask
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ mask


def raw(algorithm, data):
    if algorithm == "CRC32":
        return struct.pack(">I", zlib.crc32(data))
    if algorithm == "CRC32C":
        return struct.pack(">I", _crc(data, _CRC32C, 0xFFFFFFFF))
    if algorithm == "CRC64NVME":
        return struct.pack(">Q", _crc(data, _CRC64NVME, 0xFFFFFFFFFFFFFFFF))
    if algorithm.startswith("XXHASH"):
        import xxhash
        return {"XXHASH64": xxhash.xxh64, "XXHASH3": xxhash.xxh3_64,
                "XXHASH128": xxhash.xxh3_128}[algorithm](data).digest()
    return hashlib.new(algorithm.lower(), data).digest()


def text(algorithm, data):
    return base64.b64encode(raw(algorithm, data)).decode()


def composite(algorithm, bodies):
    """Digest of the parts' digests, with the number of parts (CK-10)."""
    joined = b"".join(raw(algorithm, body) for body in bodies)
    return f"{text(algorithm, joined)}-{len(bodies)}"


ALL = ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128")
FULL_OBJECT_ONLY = ("CRC64NVME",)
EITHER = ("CRC32", "CRC32C")
COMPOSITE_ONLY = ("SHA1", "SHA256", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128")


def header(algorithm):
    return f"x-amz-checksum-{algorithm.lower()}"
