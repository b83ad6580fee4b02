"""Runs scim-sanity's probe against a running workspace.

Usage: sanity.py BASE_URL TOKEN

Exit status 0 when no check fails. The probe leaves nothing behind. Groups are left out: Whimsical has none.
"""

import os
import pathlib
import subprocess
import sys


def main(base_url, token):
    program = pathlib.Path(sys.executable).with_name("scim-sanity")
    command = [program, "probe", base_url, "--token", token, "--resource", "User", "--i-accept-side-effects"]
    return subprocess.run(command, check=False, timeout=120).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else os.environ["SCIM_TOKEN"]))
