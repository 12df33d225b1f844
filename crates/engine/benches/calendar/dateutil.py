"""Ten years of one rule by python-dateutil: how many occurrences, and the median time."""
import datetime
import sys
import time

from dateutil import rrule, tz

ZONE = tz.gettz("Europe/Berlin")
FROM = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
TO = datetime.datetime(2036, 1, 1, tzinfo=datetime.timezone.utc)
times = []
for _ in range(21):
    began = time.perf_counter()
    rule = rrule.rrulestr(sys.argv[1], dtstart=datetime.datetime(2026, 1, 5, 9, tzinfo=ZONE))
    found = list(rule.between(FROM, TO, inc=True))
    times.append(time.perf_counter() - began)
print(f"{len(found)} occurrences, {sorted(times)[10] * 1000:.2f}ms")
