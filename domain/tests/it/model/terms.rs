//! Random booking terms: what is sent, and beside it what it means.

use chrono::NaiveDate;
use chrono_tz::Tz;
use holdfast_domain::asset::ApproverRole;
use serde_json::{Map, Value};

use super::{dice::Dice, hours::Hours};

/// The model counts in milliseconds.
pub(super) const MINUTE: i64 = 60_000;

/// Terms without a member have its default, spelled out in [`Rules::absent`].
#[derive(Clone, PartialEq)]
pub(super) struct Rules {
    pub(super) json: Option<String>,
    pub(super) zone: Tz,
    pub(super) min: i64,
    pub(super) max: Option<i64>,
    pub(super) advance_days: Option<i64>,
    pub(super) deadline: i64,
    pub(super) before: i64,
    pub(super) after: i64,
    pub(super) hours: Option<Hours>,
    pub(super) early: i64,
    pub(super) no_show: Option<i64>,
    pub(super) cutoff: i64,
    pub(super) approval: bool,
    pub(super) approvers: Vec<ApproverRole>,
    pub(super) expires: Option<i64>,
    pub(super) price: Price,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) struct Price {
    pub(super) currency: &'static str,
    pub(super) per_hour: Option<i64>,
    pub(super) per_day: Option<i64>,
    pub(super) rounding: i64,
    pub(super) basis: Basis,
    pub(super) late: Option<LateFee>,
    pub(super) cancel: i64,
    pub(super) no_show: i64,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Basis {
    Planned,
    Actual,
    Greater,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) struct LateFee {
    pub(super) grace: i64,
    pub(super) period: i64,
    pub(super) amount: i64,
    pub(super) cap: Option<i64>,
}

/// A member that is there more often than not, one of these numbers.
fn number(
    json: &mut Map<String, Value>,
    dice: &mut Dice<'_>,
    name: &str,
    of: &[i64],
) -> Option<i64> {
    let choice = dice.roll(of.len() + of.len() / 2 + 1);
    let value = *of.get(choice.checked_sub(of.len() / 2 + 1)?)?;
    json.insert(name.into(), value.into());
    Some(value)
}

impl Rules {
    pub(super) fn absent() -> Self {
        Self {
            json: None,
            zone: Tz::UTC,
            min: 0,
            max: None,
            advance_days: None,
            deadline: 0,
            before: 0,
            after: 0,
            hours: None,
            early: 15,
            no_show: None,
            cutoff: 0,
            approval: false,
            approvers: vec![ApproverRole::Manager, ApproverRole::Admin],
            expires: None,
            price: Price {
                currency: "EUR",
                per_hour: None,
                per_day: None,
                rounding: 1,
                basis: Basis::Planned,
                late: None,
                cancel: 0,
                no_show: 0,
            },
        }
    }

    pub(super) fn roll(dice: &mut Dice<'_>, zone: Option<&'static str>, around: NaiveDate) -> Self {
        let mut rules = Self::absent();
        let json = &mut Map::new();
        if let Some(zone) = zone {
            json.insert("time_zone".into(), zone.into());
            rules.zone = zone.parse().unwrap();
        }
        if dice.one_in(3) {
            let hours = Hours::roll(dice, around);
            json.insert("opening_hours".into(), hours.json());
            rules.hours = Some(hours);
        }
        rules.min = number(json, dice, "min_minutes", &[0, 15, 30]).unwrap_or(0);
        rules.max = number(json, dice, "max_minutes", &[60, 480, 1500]);
        rules.advance_days =
            number(json, dice, "max_advance_days", &[3, 90, 2000, 1, 30, 14, 7, 0]);
        rules.deadline =
            number(json, dice, "deadline_minutes", &[0, 10, 60, 0, 5, 300]).unwrap_or(0);
        let buffers = [0, 5, 15, 60];
        rules.before = number(json, dice, "buffer_before_minutes", &buffers).unwrap_or(0);
        rules.after = number(json, dice, "buffer_after_minutes", &buffers).unwrap_or(0);
        rules.cutoff = number(json, dice, "cancel_cutoff_minutes", &[0, 10, 120]).unwrap_or(0);
        let check_in = &mut Map::new();
        rules.early = number(check_in, dice, "early_minutes", &[0, 5, 60, 300]).unwrap_or(15);
        rules.no_show = number(check_in, dice, "no_show_after_minutes", &[0, 10, 30, 500]);
        if !check_in.is_empty() {
            json.insert("check_in".into(), check_in.clone().into());
        }
        rules.roll_approval(json, dice);
        if !dice.one_in(4) {
            json.insert("pricing".into(), rules.price.roll(dice));
        }
        rules.json = Some(Value::from(json.clone()).to_string());
        rules
    }

    fn roll_approval(&mut self, json: &mut Map<String, Value>, dice: &mut Dice<'_>) {
        let approval = &mut Map::new();
        match dice.roll(4) {
            0 => return,
            1 => {
                approval.insert("required".into(), false.into());
            }
            _ => {
                approval.insert("required".into(), true.into());
                self.approval = true;
            }
        }
        let (names, roles): (&[&str], &[ApproverRole]) = match dice.roll(4) {
            0 | 1 => (&[], &self.approvers),
            2 => (&["manager"], &[ApproverRole::Manager]),
            _ => (&["admin"], &[ApproverRole::Admin]),
        };
        if !names.is_empty() {
            approval.insert("approver_roles".into(), names.into());
        }
        self.approvers = roles.to_vec();
        self.expires = number(approval, dice, "expires_minutes", &[60, 10, 1440, 300, 90, 0]);
        json.insert("approval".into(), approval.clone().into());
    }
}

/// As sent: the rest follows from it.
impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.json.as_deref().unwrap_or("no terms"))
    }
}

impl Price {
    pub(super) fn roll(&mut self, dice: &mut Dice<'_>) -> Value {
        let json = &mut Map::new();
        if dice.one_in(2) {
            self.currency = dice.pick(&["EUR", "EUR", "USD"]);
            json.insert("currency".into(), self.currency.into());
        }
        self.per_hour = number(json, dice, "per_hour_minor", &[1, 7, 1200, 5_256_000]);
        self.per_day = number(json, dice, "per_day_minor", &[0, 5, 6000, 20_000]);
        self.rounding = number(json, dice, "rounding_minutes", &[1, 7, 15, 1441]).unwrap_or(1);
        let basis = [
            None,
            Some((Basis::Planned, "PLANNED")),
            Some((Basis::Actual, "ACTUAL")),
            Some((Basis::Greater, "GREATER_OF_PLANNED_AND_ACTUAL")),
        ];
        if let Some((basis, name)) = dice.pick(&basis) {
            self.basis = basis;
            json.insert("basis".into(), name.into());
        }
        if dice.one_in(2) {
            let fee = &mut Map::new();
            let period = dice.pick(&[30, 1, 45]);
            let amount = dice.pick(&[900, 0, 1]);
            fee.insert("per_started_minutes".into(), period.into());
            fee.insert("amount_minor".into(), amount.into());
            let grace = number(fee, dice, "grace_minutes", &[0, 5, 10]).unwrap_or(0);
            let cap = number(fee, dice, "cap_minor", &[0, 1000, 20_000]);
            self.late = Some(LateFee { grace, period, amount, cap });
            json.insert("late_fee".into(), fee.clone().into());
        }
        self.cancel = number(json, dice, "cancel_fee_minor", &[0, 250]).unwrap_or(0);
        self.no_show = number(json, dice, "no_show_fee_minor", &[0, 990]).unwrap_or(0);
        json.clone().into()
    }
}
