"""A maintenance that is not over, as the log has it."""

from audit import MINUTE, millis

WAITING = ("SCHEDULED", "DUE")


def window_of(image):
    return image["start"] and (millis(image["start"]), millis(image["end"]))


def ahead(window, at):
    """What of a window keeps bookings out: the part that has not passed when it is given."""
    return (max(window[0], at), window[1]) if window and window[1] > at else None


class Maintenance:
    def __init__(self, image, notices, at):
        self.image = image
        self.id = image["id"]
        self.rule = image["rule_id"]
        self.due_at = image["due_at"] and millis(image["due_at"])
        # The date of its rule's calendar; None once use has made it due.
        self.stands_for = self.due_at
        self.notices, self.told = notices, set()
        # What it should have told before it was made or moved is not told any more.
        self.planned_at = at
        self.claim = ahead(window_of(image), at)

    @property
    def status(self):
        return self.image["status"]

    def next_notice(self):
        """(when, minutes before it is due) of what it tells next; None when it has told all."""
        if self.status != "SCHEDULED" or self.due_at is None:
            return None
        left = [(max(self.due_at, self.planned_at), 0)]
        for minutes in self.notices - self.told - {0}:
            at = self.due_at - minutes * MINUTE
            if at >= self.planned_at:
                left.append((at, minutes))
        # Of two at once the longer notice comes first.
        return min(left, key=lambda notice: (notice[0], -notice[1]))

    def stood_for(self):
        """What the next occurrence is counted from: put off by hand it takes dates with it."""
        return max((at for at in (self.stands_for, self.due_at) if at is not None), default=None)

    def replanned(self, due_at, notices, at):
        if due_at != self.due_at:
            self.due_at = self.stands_for = due_at
        self.notices, self.planned_at = notices, at

    def fired(self, at):
        self.told.add(0)
        if self.due_at != at:
            self.due_at, self.stands_for = at, None

    def moved(self, due_at, window, at):
        if due_at != self.due_at:
            self.due_at, self.planned_at = due_at, at
        if window != window_of(self.image):
            self.claim = ahead(window, at)
