"""What a booking costs by its terms, worked out anew in Python's integers from docs/api.md."""

MINUTE = 60_000


def started(length, step):
    return -(-length // step)


def per_hour(minutes, rate):
    """Half a unit is rounded up."""
    return (2 * minutes * rate + 60) // 120


def base(pricing, planned, used):
    """Minutes charged for, and their price; None where nothing is charged for the use."""
    (start, end), (came, left) = planned, used
    if pricing.get("late_fee") is not None:
        left = min(left, end)  # what comes after is paid by the fee
    length = {"PLANNED": end - start, "ACTUAL": max(0, left - came),
              "GREATER_OF_PLANNED_AND_ACTUAL": max(end - start, left - came)}[
                  pricing.get("basis", "PLANNED")]
    rounding = pricing.get("rounding_minutes", 1)
    minutes = started(length, rounding * MINUTE) * rounding
    hour, day = pricing.get("per_hour_minor"), pricing.get("per_day_minor")
    if hour is None and day is None:
        return None
    if day is None:
        return minutes, per_hour(minutes, hour)
    if hour is None:
        return minutes, started(minutes, 1440) * day
    days, rest = divmod(minutes, 1440)
    return minutes, days * day + min(per_hour(rest, hour), day)


def late(fee, end, left):
    """Started periods, and their price."""
    if left - end <= fee.get("grace_minutes", 0) * MINUTE:
        return None
    periods = started(left - end, fee["per_started_minutes"] * MINUTE)
    amount = periods * fee["amount_minor"]
    if fee.get("cap_minor") is not None:
        amount = min(amount, fee["cap_minor"])
    return periods, amount


def line(kind, unit, amount, quantity=1):
    return {"type": kind, "quantity": quantity, "unit": unit, "amount_minor": amount}


def item(kind, amount):
    return [line(kind, "ITEM", amount)] if amount else []


def of_use(terms, planned, used):
    """The lines of a use: windows in milliseconds, as planned and as it was."""
    pricing, lines = terms.get("pricing", {}), []
    of_base = base(pricing, planned, used)
    if of_base is not None and of_base[1]:
        lines.append(line("BASE", "MINUTE", of_base[1], of_base[0]))
    fee = pricing.get("late_fee")
    of_late = late(fee, planned[1], used[1]) if fee is not None else None
    if of_late is not None and of_late[1]:
        lines.append(line("LATE", "STARTED_PERIOD", of_late[1], of_late[0]))
    return lines


def total(lines):
    return sum(one["amount_minor"] for one in lines)
