"""Whoever comes back to a stream, at whatever moment, ends with the same view and hears one end."""

from querygpt.answering.story import Story
from querygpt.models import Message
from querygpt.streaming import Teller
from tests.querygpt.test_answers import desk, model, replied, room  # noqa: F401

WRONG, RIGHT = "SELECT nothing FROM orders", "SELECT channel, COUNT(*) AS n FROM orders GROUP BY 1"


def shown(message):
    return {"sql": message.metadata.get("sql"), "steps": message.metadata.get("steps", [])}


def heard(room, states):  # noqa: F811
    """What one connection tells of a message that passes through these states."""
    teller = Teller(room.principal, states[0].pk, shown)
    with room.inside():
        return [event for state in states for event in teller._told(state)]


def view(events):
    """What a page shows after these events: statement, steps, how it ended, and how often it was told so."""
    seen = {"sql": None, "steps": {}, "ends": []}
    for event in events:
        data = event.data
        if event.name == "snapshot":
            seen["sql"] = data["message"]["sql"]
            seen["steps"] = {
                (one["stage"], one["attempt"]): one["status"] for one in data["message"]["steps"]
            }
        elif event.name == "step":
            seen["steps"][data["stage"], data["attempt"]] = data["status"]
        elif event.name == "sql":
            seen["sql"] = data["sql"]
        elif event.terminal:
            seen["ends"].append((event.name, data))
    return seen


def test_a_stream_resumed_anywhere_shows_the_same(room, monkeypatch):  # noqa: F811
    states = []
    write = Story._written

    def written(story, columns):
        done = write(story, columns)
        states.append(Message.objects.get(pk=story.message.pk))
        return done

    monkeypatch.setattr(Story, "_written", written)
    model(room, replied(WRONG), replied(RIGHT))
    room.answer("各渠道的订单数")

    whole = view(heard(room, states))
    assert len(states) > 4
    assert (whole["sql"], len(whole["ends"])) == (states[-1].metadata["sql"], 1)
    for cut in range(len(states)):
        before, after = heard(room, states[: cut + 1]), heard(room, states[cut:])
        assert view([one for one in before if not one.terminal] + after) == whole, cut
        assert next(one.id for one in after) == str(states[cut].event_seq)
