"""Follows events as server-sent events, with nothing but Python's standard library: through lost connections and
restarts of the server, in order, each event once, and told of every loss. A server that is busy says with Retry-After
how long to wait, and is left alone for that long.

    npm start                      the server, on port 3000
    python3 examples/follow.py     or with another address: URL=http://.../trpc

A token goes in TOKEN. It follows until it is interrupted.
"""

import email.utils
import http.client
import json
import os
import random
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

URL = os.environ.get("URL", "http://127.0.0.1:3000/trpc")
TOKEN = os.environ.get("TOKEN")
SILENCE = float(os.environ.get("SILENCE", 40))  # seconds; a server that is there says something every 15
LONGEST_WAIT = 20  # seconds between two attempts, where the server asks for no more
LONGEST_ASKED = 300  # seconds that a server can ask us to wait


class Refused(Exception):
    """The server does not let us follow, and would not the next time."""


def follow(cursor=None, **options):
    """Yields each item with its cursor, for ever: events, and what the stream says of itself.

    A `stream_gap` stands in the place of events that will not come; `stream_synced` says that all that was there has
    come. Keep the cursor with what you have done by the item: `follow(cursor)` goes on after it, in another run too.

    Options are those of a subscription: topic, types, filter, since; see docs/http.md.
    """
    attempt = 0
    while True:
        asked = 0
        try:
            for name, identity, text in messages(cursor, options):
                if name == "serialized-error":
                    problem = json.loads(text)["json"]
                    refuse_for_good(problem)
                    asked = seconds_of(problem["data"].get("retryAfterMs", 0)) / 1000
                    break  # it may pass: go on after the last item
                if name != "message":
                    continue  # `connected`, `ping`
                attempt, cursor = 0, identity
                yield cursor, json.loads(text)["json"]
        except urllib.error.HTTPError as error:
            refuse_for_good(problem_of(error))
            asked = retry_after(error.headers)
        except (OSError, http.client.HTTPException) as error:
            print("lost:", error, file=sys.stderr)
        time.sleep(wait_before(attempt, asked))
        attempt += 1


def wait_before(attempt, asked=0):
    """Seconds to wait before the next attempt: what the server asked for, and a random time that grows with the attempts.

    The random part keeps clients that lost one server from coming back all at once. Both parts are bounded.
    """
    random_part = random.uniform(0, min(LONGEST_WAIT, 2 ** min(attempt, 10)))
    return min(asked, LONGEST_ASKED) + random_part


def retry_after(headers):
    """Seconds that the header Retry-After asks for, as a number or as a date; 0 where it is not there or makes no sense."""
    value = headers.get("retry-after", "")
    try:
        return seconds_of(email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):  # no date
        return seconds_of(value)


def seconds_of(value):
    """A number that is finite and not negative; 0 in place of anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0
    return number if 0 <= number < float("inf") else 0


def messages(cursor, options):
    """Yields the messages of one connection: name, id and text. One that is cut off in the midst is none."""
    query = urllib.parse.urlencode({"input": json.dumps(options)})
    headers = {"accept": "text/event-stream"}
    if cursor:
        headers["last-event-id"] = cursor
    if TOKEN:
        headers["authorization"] = f"Bearer {TOKEN}"
    request = urllib.request.Request(f"{URL}/on.any?{query}", headers=headers)
    with urllib.request.urlopen(request, timeout=SILENCE) as response:
        if response.headers.get_content_type() != "text/event-stream":
            raise OSError(f"{response.geturl()} has a page in the place of events")
        fields = {}
        for line in response:
            line = line.decode().rstrip("\r\n")
            if line:
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
            elif fields:
                yield fields.get("event", "message"), fields.get("id"), fields.get("data", "")
                fields = {}


def problem_of(error):
    """The error that an answer holds: of the server, or of a proxy before it, whose pages have any form."""
    try:
        problem = json.load(error)["error"]["json"]
        return {"message": problem["message"], "data": {**problem["data"], "httpStatus": error.code}}
    except (ValueError, KeyError, TypeError, OSError, http.client.HTTPException):
        return {"message": f"HTTP status {error.code}", "data": {"httpStatus": error.code}}


def refuse_for_good(problem):
    """Raises Refused if the error will not pass by itself."""
    status = problem["data"]["httpStatus"]
    if status < 500 and status not in (408, 429):
        raise Refused(f"{problem['data'].get('reason')}: {problem['message']}")
    print("for now:", problem["message"], file=sys.stderr)


if __name__ == "__main__":
    try:
        for at, item in follow(types=["agent_message"], since={"last": 20}):
            if item["event_type"] == "stream_gap":
                print(f"lost {item['data']['lost'] or 'some'} events: {item['data']['reason']}", flush=True)
            elif item["event_type"] == "agent_message":
                print(f"{at} {item['data']['agent_id']}: {item['data']['message']}", flush=True)
    except Refused as error:
        sys.exit(f"refused: {error}")
    except KeyboardInterrupt:
        pass
