"""Adds up the doctest test cases of a meson test run: summarize.py testlog.json STATUS-OF-MESON

The last line says "N passed, N failed", with ", N skipped" where there were any. A test case that
printed "SKIPPED: <test case>: <why>" counts as skipped. An executable that did not come to its end
(crash, time-out, an exit in the middle) or whose status contradicts its summary is one failure more.
"""

import json
import re
import sys

SUMMARY = re.compile(
    r"^\[doctest\] test cases: +(\d+) +\| +(\d+) passed +\| +(\d+) failed +\| +(\d+) skipped", re.M)
SKIPPED = re.compile(r"^SKIPPED: (.+)$", re.M)
FAILED = re.compile(r"^TEST CASE:  (.+)$", re.M)
CRASHED = re.compile(r"test case CRASHED")
FILTER = re.compile(r"^--?(dt-)?(tc|tce|ts|tse|sf|sfe|test-case|test-suite|source-file)")


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.skips = []
        self.failures = []

    def skip(self, where, why, cases=1):
        self.skipped += cases
        self.skips.append(f"**** SKIPPED in {where}: {why}")

    def fail(self, where, why, cases=1):
        self.failed += cases
        self.failures.append(f"**** FAILED in {where}: {why}")

    def add(self, test):
        name, result, status = test["name"], test["result"], test.get("returncode")
        output = (test.get("stdout") or "") + "\n" + (test.get("stderr") or "")
        summary = SUMMARY.search(output)
        if summary is None:
            end = "timed out" if result == "TIMEOUT" else f"ended with status {status}"
            self.fail(name, f"{end} before it had a summary")
            return
        ran, passed, failed, left_out = (int(group) for group in summary.groups())
        # One test case may say so twice, in two subcases.
        skips = dict(line.split(": ", 1) for line in SKIPPED.findall(output) if ": " in line)
        for case, why in skips.items():
            self.skip(name, f"{case}: {why}")
        if CRASHED.search(output):
            self.fail(name, f"{left_out} test cases did not run after the crash", left_out)
        elif left_out and not any(FILTER.match(word) for word in test.get("command", [])[1:]):
            self.skip(name, f"{left_out} test cases marked with skip()", left_out)
        if ran == 0:
            self.fail(name, "no test case ran")
        elif len(skips) > passed:
            self.fail(name, "skips more test cases than passed")
        else:
            self.passed += passed - len(skips)
        if failed:
            cases = list(dict.fromkeys(FAILED.findall(output)))
            self.fail(name, "; ".join(cases) or "see its output", failed)
        elif result != "OK":
            self.fail(name, f"{result}, status {status}, although its test cases passed")


def main():
    path, status = sys.argv[1], int(sys.argv[2])
    tally = Tally()
    try:
        with open(path, encoding="utf-8", errors="replace") as log:
            tests = [json.loads(line) for line in log if line.strip()]
    except FileNotFoundError:
        tests = []
    for test in tests:
        tally.add(test)
    if not tests:
        tally.fail("meson test", "no test ran")
    elif status != 0 and tally.failed == 0:
        tally.fail("meson test", f"ended with status {status}")
    print()
    for line in tally.skips + tally.failures:
        print(line)
    counts = f"{tally.passed} passed, {tally.failed} failed"
    if tally.skipped:
        counts += f", {tally.skipped} skipped"
    print(counts, flush=True)
    sys.exit(1 if tally.failed else 0)


main()
