#!/bin/sh
# Makes the first corpus of each target out of tests/cases.
set -eu
cd "$(dirname "$0")"
mkdir -p corpus/parser corpus/evaluate corpus/number
python3 - <<'END'
import glob, hashlib, re, tomllib

def seed(target, data):
    name = hashlib.sha1(data).hexdigest()
    with open(f"corpus/{target}/{name}", "wb") as file:
        file.write(data)

for path in glob.glob("../tests/cases/*.toml"):
    with open(path, "rb") as file:
        cases = tomllib.load(file)["case"]
    for case in cases:
        stdin = case.get("stdin", "a 1\nb 2.5\n")
        for argument in case["args"]:
            if not argument.startswith("-"):
                seed("parser", argument.encode())
                seed("evaluate", argument.encode() + b"\0" + stdin.encode())
        for word in re.split(r"\s+", stdin):
            seed("number", word.encode())
END
