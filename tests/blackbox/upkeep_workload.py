"""What the clients of kill9.py ask for beside bookings: condition reports with all that they entail,
schedules by days and by use, and maintenance by hand.

Much of it is due within seconds: first dates, notices, windows. Clients know what answers have shown
them; what follows by itself, like the next occurrence of a rule, they find in lists.
"""

from workload import USER, Request, Workload, moment, now_ms

TYPES = ["PREVENTIVE", "INSPECTION", "CORRECTIVE", "SAFETY"]
RESULTS = ["OK", "WORN", "NA", "DAMAGED", "MISSING"]
PHOTO = {"url": "https://pictures.example/1.jpg", "sha256": "ab" * 32}
FINAL = {"COMPLETED", "CANCELLED"}

# What may be done with a maintenance of this status, and how often; the rest is left to time.
WORK = {
    "SCHEDULED": [("patch", 35), ("start", 10), ("cancel", 15), (None, 40)],
    "DUE": [("complete", 55), ("start", 10), ("patch", 10), ("cancel", 10), (None, 15)],
    "IN_PROGRESS": [("complete", 85), ("cancel", 10), (None, 5)],
}
ANY_WORK = ["patch", "start", "complete", "cancel"]


class UpkeepWorkload(Workload):
    def __init__(self, seed):
        super().__init__(seed)
        self.bookings = {}      # id -> newest known document
        self.reports = {}       # the same, all of them
        self.pending = set()    # reports that may wait for somebody to decide
        self.maintenance = {}   # those that may be open
        self.holding = set()    # of both: what may hold its asset out of service
        self.to_look = []       # assets where something may have followed by itself

    def learn_booking(self, image):
        super().learn_booking(image)
        self.bookings[image["id"]] = image

    def learn_report(self, image):
        self.reports[image["id"]] = image
        if image["status"] == "PENDING_APPROVAL":
            self.pending.add(image["id"])
            if image["takes_out_of_service"]:
                self.holding.add(image["id"])
        else:
            self.holding.discard(image["id"])
            self.pending.discard(image["id"])
            self.to_look.append(image["asset_id"])

    def learn_maintenance(self, image):
        if image["status"] in FINAL:
            self.maintenance.pop(image["id"], None)
            self.holding.discard(image["id"])
            self.to_look.append(image["asset_id"])
        else:
            self.maintenance[image["id"]] = image
            if image["status"] == "IN_PROGRESS" or image["type"] == "CORRECTIVE":
                self.holding.add(image["id"])

    def looks_at(self):
        if self.to_look and self.chance.random() < 0.2:
            return self.to_look.pop()
        return self.chance.choice(list(self.assets)) if self.chance.random() < 0.02 else None

    def asset(self, number):
        kind, asked = super().asset(number)
        asked.body["maintenance_schedule"] = self.schedule()
        return kind, asked

    def next(self, mine):
        draw = self.chance.random()
        if draw < 0.05 and self.holding:
            return self.put_back(self.chance.choice(list(self.holding)))
        if draw < 0.08:
            return self.report()
        if draw < 0.16 and self.pending:
            return self.judgement(self.chance.choice(list(self.pending)))
        if draw < 0.20:
            return self.plan()
        if draw < 0.32 and self.maintenance:
            asked = self.work(self.chance.choice(list(self.maintenance.values())))
            if asked is not None:
                return asked
        return super().next(mine)

    def put_back(self, one):
        """Soon, or nearly all that others ask for is refused."""
        if one in self.maintenance:
            return self.work(self.maintenance[one]) or self.plan()
        return self.judgement(one)

    def update(self):
        asked = super().update()
        if self.chance.random() < 0.5:
            asked.body["maintenance_schedule"] = self.schedule()
        if self.chance.random() < 0.3:
            del asked.body["status"]
        return asked

    # Schedules. No rule is written in two ways, so that it is another where its text is.

    def schedule(self):
        rules = [self.rule(number) for number in range(self.chance.randrange(4))]
        return {"rules": rules} if rules else None

    def rule(self, number):
        """One by uses, one by used minutes, one by days; now and then by more than that."""
        chance = self.chance
        by = chance.choice([1 << number, 1 << number, chance.randint(1, 7)])
        rule = {"id": f"rule-{number}", "type": chance.choice(TYPES)}
        if by & 1:
            rule["every_uses"] = chance.randint(1, 3)
        if by & 2:
            rule["every_usage_minutes"] = chance.randint(1, 4)
        if by & 4:
            rule["every_days"] = chance.randint(1, 3)
            first = chance.choice([None, chance.randint(-300_000_000, 3_000),
                                   chance.randint(0, 3_000), 60_000 + chance.randint(0, 3_000)])
            if first is not None:
                rule["first_due"] = moment(now_ms() + first)
        if chance.random() < 0.5:
            rule["anchor"] = "FIXED"
        if chance.random() < 0.5:
            rule["notify_before_minutes"] = chance.choice([[1], [1_440, 1], [1_440, 2_880, 4_320]])
        if chance.random() < 0.3:
            rule["duration_minutes"] = chance.randint(1, 3)
        return rule

    # Reports.

    def inspector(self):
        return self.chance.choice(["manager", "inspector"])

    def report(self):
        chance = self.chance
        booking = chance.choice(list(self.bookings.values())) if (
            self.bookings and chance.random() < 0.7) else None
        asset = booking["asset_id"] if booking else chance.choice(list(self.assets))
        body = {"checklist": [{"item": f"part {n}", "result": chance.choice(RESULTS)}
                              for n in range(chance.randint(1, 3))],
                "photos": [PHOTO] if chance.random() < 0.2 else []}
        if booking:
            body["booking_id"] = booking["id"]
            if chance.random() < 0.6:
                body["proposed_charge_minor"] = chance.randint(1, 900)
        if chance.random() < 0.06:
            body["takes_out_of_service"] = True
        if chance.random() < 0.3:
            body["notes"] = "as found"
        if chance.random() < 0.2:
            earlier = [report["id"] for report in self.reports.values()
                       if report["asset_id"] == asset]
            body |= {"supersedes": chance.choice(earlier)} if earlier else {}
        by = chance.choice([self.inspector(), "member"]) if (
            booking and booking["user_id"] == USER) else self.inspector()
        return Request("POST", f"/assets/{asset}/condition-reports", body, by)

    def judgement(self, report):
        """Mostly by somebody else than its author."""
        deed = self.chance.choice(["approve", "approve", "approve", "reject"])
        author = self.reports[report]["created_by"]
        by = {"tester": "inspector", "inspector": "manager"}.get(author, self.inspector())
        body = {"reason": "seen before"} if deed == "reject" else {}
        if self.chance.random() < 0.05:
            by = self.inspector()
        return Request("POST", f"/condition-reports/{report}/{deed}", body, by, names=report)

    # Maintenance.

    def plan(self):
        chance = self.chance
        body = {"type": chance.choice(TYPES), "due_at": moment(self.due())}
        if chance.random() < 0.5:
            body |= self.some_window()
        if chance.random() < 0.3:
            body["reason"] = "a noise"
        asset = chance.choice(list(self.assets))
        return Request("POST", f"/assets/{asset}/maintenance", body, self.inspector())

    def due(self):
        return now_ms() + self.chance.choice([-1_000, 300, 1_500, 3_000, 86_400_000])

    def some_window(self):
        start, end = self.window(soon=self.chance.random() < 0.6)
        return {"start": moment(start - self.chance.choice([0, 0, 1_000])), "end": moment(end)}

    def work(self, image):
        deeds, often = zip(*WORK[image["status"]])
        (deed,) = self.chance.choices(deeds, often)
        if self.chance.random() < 0.05:
            deed = self.chance.choice(ANY_WORK)
        one, path, by = image["id"], f"/maintenance/{image['id']}", self.inspector()
        if deed is None:
            return None
        if deed == "patch":
            return Request("PATCH", path, self.another_plan(), by, "*", names=one)
        body = {"reason": "not needed"} if deed == "cancel" and self.chance.random() < 0.5 else {}
        return Request("POST", f"{path}/{deed}", body, by, names=one)

    def another_plan(self):
        window = self.some_window()
        return self.chance.choice([
            {"due_at": moment(self.due())}, window, window, {"start": window["start"]},
            {"start": None, "end": None}, {"due_at": moment(self.due()), **window}])
