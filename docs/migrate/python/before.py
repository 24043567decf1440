"""The original guide's calls: a listener, and an agent that says something."""

import threading

from utils.websocket_events import WebSocketEventManager, broadcast_agent_message

heard = threading.Event()
manager = WebSocketEventManager(enable_redis=False)


def handle_event(event):
    print(f"Received: {event.event_type}: {event.data['message']}")
    heard.set()


listener_id = manager.add_listener(handle_event)

broadcast_agent_message(
    agent_id="agent_1",
    agent_type="CognitivePsychologist",
    message="I believe we should explore...",
    sentiment_data={"score": 0.75, "label": "positive"},
    metadata={"interaction_count": 5, "has_memory": True},
)

heard.wait(10)
manager.remove_listener(listener_id)
