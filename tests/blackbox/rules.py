"""What one rule of a maintenance schedule has come to, by the words of docs/api.md.

Dates are counted step by step, and use is a sum over the returns in the log.
"""

from audit import MINUTE, millis

DAY = 24 * 60 * MINUTE


def of(image):
    """The rules of an asset by id, as they were sent."""
    schedule = (image or {}).get("maintenance_schedule") or {"rules": []}
    return {rule["id"]: rule for rule in schedule["rules"]}


def keeps_time(old, new):
    """The calendar says the same under both."""
    return all(old.get(name) == new.get(name) for name in ("every_days", "first_due", "anchor"))


class Rule:
    """It outlives its place in the schedule: its occurrences go on being numbered."""

    def __init__(self):
        self.text = None     # None: it is in the schedule no more
        self.occurrence = 0  # the number of the newest
        self.open = None     # the maintenance that is open by it
        self.begin(0)

    def begin(self, at):
        """It appears in a schedule, for the first time or again."""
        self.made = at
        self.closed = None   # when the occurrence before was over
        self.former = None   # what that one was due for
        self.uses = self.minutes = 0

    def is_fixed(self):
        return self.text.get("anchor") == "FIXED"

    def notices(self):
        """Minutes before it is due; 0 is always one."""
        return set(self.text.get("notify_before_minutes", [])) | {0}

    def due_at(self, now):
        """When the next occurrence is due by the calendar; None where only use makes it due."""
        if "every_days" not in self.text:
            return None
        step = self.text["every_days"] * DAY
        first = self.text.get("first_due")
        at = self.made + step if first is None else millis(first)
        if not self.is_fixed():
            return at if self.closed is None else self.closed + step
        # Past what the one before stood for; of those that were missed only the latest.
        while (self.former is not None and at <= self.former) or at + step <= now:
            at += step
        return at

    def used(self, came, left):
        if self.text is not None:
            self.uses += 1
            self.minutes += -(-(left - came) // MINUTE)

    def is_used_up(self):
        limits = ((self.uses, "every_uses"), (self.minutes, "every_usage_minutes"))
        return self.text is not None and any(
            name in self.text and count >= self.text[name] for count, name in limits)

    def fired_by_use(self):
        """Fixed steps begin anew, with what is beyond them."""
        if self.is_fixed():
            self.uses %= self.text.get("every_uses", self.uses + 1)
            self.minutes %= self.text.get("every_usage_minutes", self.minutes + 1)

    def over(self, at, former):
        self.open, self.closed, self.former = None, at, former
        if self.text is not None and not self.is_fixed():
            self.uses = self.minutes = 0
