"""GetObjectAttributes of plain, composite and full-object multipart objects.

Rules: GOA-01 to GOA-05.
"""

import unittest
import xml.etree.ElementTree as ElementTree

import digests
from checksums_test import Raw
from harness import PART_BYTES_MIN, md5

ALL = "ETag,Checksum,ObjectParts,StorageClass,ObjectSize"


class Attributes(Raw):
    def ask(self, names=ALL, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("GET", [("attributes", None)], {"x-amz-object-attributes": names, **headers})

    def parts_of(self, answer):
        """(direct children of ObjectParts, its Part elements), namespaces removed."""
        root = ElementTree.fromstring(answer.body)
        for element in root.iter():
            element.tag = element.tag.split("}")[-1]
        parts = root.find("ObjectParts")
        return ({e.tag: e.text for e in parts if e.tag != "Part"},
                [{e.tag: e.text for e in part} for part in parts.findall("Part")])

    def composite(self, bodies):
        upload = self.start("SHA256", "COMPOSITE")
        parts = []
        for number, body in enumerate(bodies, 1):
            value = digests.text("SHA256", body)
            answer = self.upload(upload, number, body, {digests.header("SHA256"): value})
            parts.append((number, answer.headers["etag"], {"ChecksumSHA256": value}))
        self.assertEqual(self.finish(upload, parts).status, 200)

    def test_a_plain_object_GOA_02_GOA_03(self):
        self.put("k", b"hello", StorageClass="STANDARD_IA")
        answer = self.ask()
        self.assertEqual(answer.status, 200, answer.body)
        found = answer.xml()
        self.assertEqual((found["ETag"], found["ObjectSize"], found["StorageClass"]),
                         (md5(b"hello"), "5", "STANDARD_IA"))
        self.assertIn("Checksum", found)
        self.assertNotIn("ObjectParts", found)
        self.assertIn("last-modified", answer.headers)

    def test_only_what_was_asked_for_GOA_02(self):
        self.put("k", b"hello")
        self.assertEqual(list(self.ask("ObjectSize").xml()), ["ObjectSize"])
        self.assertEqual(set(self.ask("ETag, StorageClass").xml()), {"ETag", "StorageClass"})

    def test_bad_lists_GOA_01(self):
        self.put("k", b"hello")
        self.expect(self.ask(""), 400, "InvalidRequest")
        self.expect(self.ask("ETag,Colour"), 400, "InvalidArgument")
        self.expect(self.send("GET", [("attributes", None)]), 400, "InvalidRequest")

    def test_parts_of_a_composite_object_in_pages_GOA_05(self):
        bodies = [b"a" * PART_BYTES_MIN, b"b" * PART_BYTES_MIN, b"end"]
        self.composite(bodies)
        answer = self.ask()
        about, parts = self.parts_of(answer)
        self.assertEqual((about["PartsCount"], about["IsTruncated"]), ("3", "false"))
        self.assertEqual([(p["PartNumber"], p["Size"], p["ChecksumSHA256"]) for p in parts],
                         [(str(n), str(len(b)), digests.text("SHA256", b)) for n, b in enumerate(bodies, 1)])
        value = digests.composite("SHA256", bodies).split("-")[0]
        self.assertIn(f"<ChecksumSHA256>{value}</ChecksumSHA256>".encode(), answer.body)
        about, parts = self.parts_of(self.ask(x_amz_max_parts="1", x_amz_part_number_marker="1"))
        self.assertEqual([p["PartNumber"] for p in parts], ["2"])
        self.assertEqual((about["IsTruncated"], about["NextPartNumberMarker"]), ("true", "2"))

    def test_other_multipart_objects_tell_only_the_count_GOA_04(self):
        self.multipart("k", [b"x" * PART_BYTES_MIN, b"y"])
        about, parts = self.parts_of(self.ask())
        self.assertEqual((about, parts), ({"PartsCount": "2"}, []))


if __name__ == "__main__":
    unittest.main()
