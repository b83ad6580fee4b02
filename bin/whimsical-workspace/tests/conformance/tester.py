"""Runs scim2-tester against a running workspace.

Usage: tester.py BASE_URL TOKEN

Exit status 0 when every check passes except exactly the one named in EXPECTED; 1 otherwise, also when the expected
failure does not come: the list of exceptions must not be longer than what is true. The token may also come from the
environment variable SCIM_TOKEN.
"""

import collections
import os
import sys
import uuid

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

EXTENSION = "urn:ietf:params:scim:schemas:extension:whimsical:2.0:User"

# Whimsical: without a value for `editor` the role stays, and it is always shown. So the extension does not go away.
EXPECTED = {("check_remove_attribute", EXTENSION)}

# The suite makes up user names that are no e-mail addresses; it takes examples from the model instead.
EXAMPLES = 5000


def use_examples(user):
    """Gives the model example values that Whimsical's rules let through unchanged."""
    fields = user.model_fields
    fields["user_name"].examples = [f"{uuid.uuid4()}@example.com" for _ in range(EXAMPLES)]
    # `formatted` is made by the server of the two other parts; the suite wants back exactly what it sent.
    parts = {"given_name": "Ada", "family_name": "Lovelace", "formatted": "Ada Lovelace"}
    name = user.get_field_root_type("name")
    for part, text in parts.items():
        name.model_fields[part].examples = [text]
    fields["name"].examples = [name(**parts)]


def failures(results):
    """Returns the checks that failed, each with the URN that it was about."""
    for result in results:
        if result.status in (Status.ERROR, Status.CRITICAL):
            urn = result.data.get("urn") if isinstance(result.data, dict) else None
            yield (result.title, urn), result


def main(base_url, token):
    client = Client(base_url=base_url, headers={"Authorization": f"Bearer {token}"})
    scim = SyncSCIMClient(client)
    scim.discover()
    use_examples(scim.get_resource_model("User"))
    results = check_server(scim)

    counts = collections.Counter(result.status.name for result in results)
    print(f"{len(results)} checks: {dict(counts)}")
    failed = list(failures(results))
    for key, result in failed:
        mark = "expected" if key in EXPECTED else "FAILED"
        print(f"{mark}: {result.title} {key[1] or ''}: {result.reason}")
    missing = EXPECTED - {key for key, _ in failed}
    for title, urn in sorted(missing):
        print(f"FAILED: {title} {urn} was expected to fail and passed; take it off the list")
    unexpected = [key for key, _ in failed if key not in EXPECTED]
    return 1 if unexpected or missing or not results else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else os.environ["SCIM_TOKEN"]))
