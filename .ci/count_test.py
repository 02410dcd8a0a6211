"""The counts of the runners' closing lines."""

import unittest

from count import count


class Count(unittest.TestCase):
    def test_each_runner_is_understood(self):
        for log, expected in {
                "1: All tests passed (12 assertions in 3 test cases)\n100% tests passed, 0 tests failed out of 1":
                    (3, 0, 0),
                "test cases: 5 | 3 passed | 2 failed\n50% tests passed, 1 tests failed out of 2": (3, 2, 0),
                "Ran 7 tests in 0.1s\n\nFAILED (failures=1, errors=1, skipped=2)": (3, 2, 2),
                "Ran 1 test in 0.1s\n\nOK": (1, 0, 0),
                "4 passed, 0 failed": (4, 0, 0),
                "0% tests passed, 1 tests failed out of 1": (0, 1, 0),
                "nothing": (0, 0, 0)}.items():
            with self.subTest(log):
                self.assertEqual(count(log), expected)


if __name__ == "__main__":
    unittest.main()
