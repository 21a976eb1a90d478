//! The verbs of a table about reports and maintenance.

use holdfast_domain::{
    MaintenanceId, ReportId, Stamp, Tag,
    asset::{
        AssetChange, Change, CheckResult, ChecklistItem, Command, MaintenanceChange,
        MaintenanceType, NewMaintenance, NewReport,
    },
};

use super::{booking, instant};
use crate::world::{TAG, World, t};

pub(super) fn command(world: &World, verb: &str, words: &[&str]) -> Command {
    let value =
        |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let reason = value("reason").map(str::to_owned);
    let work = || maintenance(world, words[0]);
    match verb {
        "report" => Command::CreateReport(Box::new(new_report(world, words))),
        "approve-report" => Command::ApproveReport { report: report(world, words[0]) },
        "reject-report" => Command::RejectReport { report: report(world, words[0]), reason },
        "schedule" => {
            let schedule = match words {
                [] => Change::Clear,
                words => Change::Set(words.join(" ")),
            };
            let maintenance_schedule = Some(schedule);
            Command::UpdateAsset(AssetChange { maintenance_schedule, ..Default::default() })
        }
        "maintain" => Command::CreateMaintenance(NewMaintenance {
            r#type: MaintenanceType::of(words[0]).unwrap(),
            due_at: t(words[1]),
            reason,
            start: words.get(2).and_then(|it| instant(it.split_once('~')?.0)),
            end: words.get(2).and_then(|it| instant(it.split_once('~')?.1)),
        }),
        "plan" => plan(work(), words),
        "start" => Command::StartMaintenance { maintenance: work() },
        "complete" => Command::CompleteMaintenance { maintenance: work() },
        "call-off" => Command::CancelMaintenance { maintenance: work(), reason },
        _ => panic!("no verb {verb}"),
    }
}

fn new_report(world: &World, words: &[&str]) -> NewReport {
    let value =
        |name: &str| words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let result = if words.contains(&"damaged") { CheckResult::Damaged } else { CheckResult::Ok };
    let named = words.first().filter(|word| word.starts_with('#'));
    NewReport {
        booking: named.map(|word| booking(world, word)),
        checklist: vec![ChecklistItem { item: "forks".into(), note: None, result }],
        photos: Vec::new(),
        notes: None,
        proposed_charge_minor: value("charge").map(|it| it.parse().unwrap()),
        takes_out_of_service: words.contains(&"out"),
        supersedes: value("supersedes").map(|it| report(world, it)),
    }
}

fn plan(maintenance: MaintenanceId, words: &[&str]) -> Command {
    let end_of = |text: &str| match text {
        "" => None,
        "null" => Some(Change::Clear),
        text => Some(Change::Set(t(text))),
    };
    let window = words.iter().find_map(|word| word.split_once('~'));
    let due_at = words.iter().find_map(|word| word.strip_prefix("due=").map(t));
    let (start, end) = window.map_or((None, None), |(start, end)| (end_of(start), end_of(end)));
    Command::ChangeMaintenance(MaintenanceChange { maintenance, due_at, start, end })
}

pub(super) fn maintenance(world: &World, text: &str) -> MaintenanceId {
    match text {
        "m0" => MaintenanceId::new(Stamp::new(1, 1), TAG),
        "m-later" => MaintenanceId::new(Stamp::MAX, TAG),
        "m-alien" => MaintenanceId::new(Stamp::new(1, 1), Tag::new(7)),
        _ => {
            let number: usize = text.strip_prefix('m').expect("mN").parse().unwrap();
            world.maintenance[number - 1]
        }
    }
}

pub(super) fn report(world: &World, text: &str) -> ReportId {
    match text {
        "r0" => ReportId::new(Stamp::new(1, 1), TAG),
        "r-later" => ReportId::new(Stamp::MAX, TAG),
        "r-alien" => ReportId::new(Stamp::new(1, 1), Tag::new(7)),
        _ => {
            let number: usize = text.strip_prefix('r').expect("rN").parse().unwrap();
            world.reports[number - 1]
        }
    }
}
