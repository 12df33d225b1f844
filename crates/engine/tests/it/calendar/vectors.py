"""Writes vectors.json: what python-dateutil makes of recurrence rules in named time zones.

    python3 -m venv venv && venv/bin/pip install python-dateutil==2.9.0.post0 tzdata==2025.2
    PYTHONTZPATH= venv/bin/python crates/engine/tests/it/calendar/vectors.py > crates/engine/tests/it/calendar/vectors.json

A local start that the clock skips or shows twice is resolved by Python's `fold=0`: with the offset before the change,
which is `gap: shift` and `fold: skip` here.
"""

import json
import random
from datetime import datetime, timedelta, timezone
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns",
    "Pacific/Apia", "America/Santiago", "Europe/London",
]
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
OCCURRENCES = 24


def some(draw, values, n_max):
    return ",".join(str(it) for it in draw.sample(values, draw.randint(1, n_max)))


def rule(draw):
    """A rule that RFC 5545 allows."""
    freq = draw.choice(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY"])
    parts = {"FREQ": freq}
    if draw.random() < 0.4:
        parts["INTERVAL"] = draw.randint(2, 7)
    if draw.random() < 0.3:
        parts["WKST"] = draw.choice(DAYS)
    by = {}
    if draw.random() < 0.4:
        by["BYMONTH"] = some(draw, range(1, 13), 5)
    if freq == "YEARLY" and draw.random() < 0.2:
        by["BYWEEKNO"] = some(draw, [1, 2, 10, 20, 33, 52, 53, -1, -10], 3)
    elif freq in ("YEARLY", "HOURLY") and draw.random() < 0.2:
        by["BYYEARDAY"] = some(draw, [1, 60, 100, 200, 300, 366, -1, -100], 4)
    if freq != "WEEKLY" and draw.random() < 0.3:
        by["BYMONTHDAY"] = some(draw, [1, 2, 5, 13, 28, 29, 30, 31, -1, -2, -31], 5)
    if draw.random() < 0.5:
        if freq in ("YEARLY", "MONTHLY") and "BYWEEKNO" not in by and draw.random() < 0.5:
            ordinals = [1, 2, 3, 4, 5, -1, -2]
            days = draw.sample(DAYS, draw.randint(1, 3))
            by["BYDAY"] = ",".join(f"{draw.choice(ordinals)}{it}" for it in days)
        else:
            by["BYDAY"] = some(draw, DAYS, 5)
    if draw.random() < 0.3:
        by["BYHOUR"] = some(draw, range(24), 4)
    if draw.random() < 0.2:
        by["BYMINUTE"] = some(draw, range(0, 60, 5), 3)
    if by and freq != "HOURLY" and draw.random() < 0.2:
        by["BYSETPOS"] = some(draw, [1, 2, 3, -1, -2], 2)
    parts |= by
    if draw.random() < 0.2:
        parts["COUNT"] = draw.randint(1, 60)
    elif draw.random() < 0.2:
        parts["UNTIL"] = f"20{draw.randint(26, 33)}{draw.randint(1, 12):02}15T120000"
    return ";".join(f"{name}={value}" for name, value in parts.items())


def main():
    draw = random.Random(5545)
    vectors = []
    for _ in range(700):
        text = rule(draw)
        # What never happens is looked for until the year 9999 otherwise.
        end = "" if "COUNT" in text or "UNTIL" in text else ";UNTIL=20360101T000000"
        start = datetime(draw.randint(2019, 2026), 1, 1) + timedelta(
            days=draw.randint(0, 364), hours=draw.randint(0, 23), minutes=draw.choice([0, 15, 30])
        )
        zone = draw.choice(ZONES)
        # Not only the beginning: the expansion must find its way to a later time too.
        first = datetime(2026, 1, 1) if draw.random() < 0.5 else start
        try:
            found = rrulestr(text + end, dtstart=start).xafter(first, inc=True)
        except ValueError:
            # An hourly rule whose interval never meets its BYHOUR: nothing ever happens.
            found = []
        starts = islice((it for it in found if it < datetime(2036, 1, 1)), OCCURRENCES)
        instants = [int(it.replace(tzinfo=ZoneInfo(zone)).astimezone(timezone.utc).timestamp()) for it in starts]
        unique = sorted(set(instants))
        vectors.append(
            {"rule": text, "dtstart": start.isoformat(), "zone": zone, "from": first.isoformat(), "starts": unique}
        )
    print("[")
    print(",\n".join(json.dumps(it) for it in vectors))
    print("]")


main()
