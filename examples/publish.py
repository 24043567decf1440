"""Publishes an event over plain HTTP, with nothing but Python's standard library.

    npm start                       the server, on port 3000
    python3 examples/publish.py     or with another address: URL=http://.../trpc

A token goes in TOKEN.
"""

import json
import os
import urllib.error
import urllib.request
import uuid

URL = os.environ.get("URL", "http://127.0.0.1:3000/trpc")
TOKEN = os.environ.get("TOKEN")


def publish(event_type, data, idempotency_key=None):
    """Stores one event and returns its cursor. Repeat it with the same key if no answer came: it is stored once."""
    event = {"data": data, "idempotencyKey": idempotency_key or str(uuid.uuid4())}
    headers = {"content-type": "application/json"}
    if TOKEN:
        headers["authorization"] = f"Bearer {TOKEN}"
    request = urllib.request.Request(
        f"{URL}/publish.{event_type}", data=json.dumps(event).encode(), headers=headers
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)["result"]["data"]["json"]["cursor"]
    except urllib.error.HTTPError as error:
        problem = json.load(error)["error"]["json"]
        raise ValueError(problem["message"]) from error


print(
    "stored at",
    publish(
        "agent_message",
        {
            "agent_id": "python",
            "agent_type": "Script",
            "message": "Hello from the standard library.",
            "sentiment": {"score": 0.75, "label": "positive"},
            "metadata": {"interaction_count": 5, "has_memory": True},
        },
    ),
)

try:
    publish("agent_message", {"agent_id": "python"})
except ValueError as error:
    print("refused:", error)
