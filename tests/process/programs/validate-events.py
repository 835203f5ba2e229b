"""Checks lines of --events, on standard input, against the JSON schema of the first argument.

Ends with 77 where the module jsonschema is missing; says each line that is not valid and ends with 1.
"""

import json
import sys

try:
    from jsonschema import Draft202012Validator
except ImportError:
    sys.exit(77)

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)

count, bad = 0, 0
for line in sys.stdin:
    count += 1
    event = json.loads(line)
    if validator.is_valid(event):
        continue
    bad += 1
    # What is wrong by the definition of its own name, not by those of all others.
    definition = {"$ref": "#/$defs/" + str(event.get("event")), "$defs": schema["$defs"]}
    known = event.get("event") in schema["$defs"]
    errors = Draft202012Validator(definition).iter_errors(event) if known else []
    reasons = "; ".join(error.message for error in errors) or "no such event"
    print(f"line {count}: {reasons}: {line.strip()}")
print(f"{count} lines")
sys.exit(1 if bad else 0)
