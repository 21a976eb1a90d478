//! What a command entails on other resources, on the real actors: there before its answer is, and
//! after a crash in the middle before anything else is.

use std::{
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use holdfast_actors::{
    EngineOptions, Refusal,
    cell::{Faults, NoFaults, Point},
};
use holdfast_domain::{
    AssetId, MaintenanceId, ReportId, Subject, Tag, Timestamp,
    asset::{
        AssetChange, AssetDocument, AssetStatus, Change, CheckResult, ChecklistItem, Command,
        NewReport, schedule,
    },
};
use serde_json::{Value, json};

use crate::in_process::InProcess;

fn morning() -> Timestamp {
    Timestamp::parse("2026-03-02T07:00:00Z").unwrap()
}

fn out_of_service() -> Command {
    let result = CheckResult::Damaged;
    Command::CreateReport(Box::new(NewReport {
        booking: None,
        checklist: vec![ChecklistItem { item: "forks".into(), note: None, result }],
        photos: Vec::new(),
        notes: None,
        proposed_charge_minor: None,
        takes_out_of_service: true,
        supersedes: None,
    }))
}

/// The asset's status as a reader sees it; its actor may have failed and be on its way back.
async fn status(house: &InProcess, asset: AssetId) -> AssetStatus {
    loop {
        match house.engine.asset(&house.boss, asset).await {
            Ok(read) => {
                return serde_json::from_slice::<AssetDocument>(&read.json).unwrap().status;
            }
            Err(Refusal::Overloaded) => house.clock.advance_ms(10),
            Err(other) => panic!("{other:?}"),
        }
        tokio::task::yield_now().await;
    }
}

async fn log(house: &InProcess, asset: AssetId) -> Vec<(String, String)> {
    let of = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    let entries = house.audit(asset).await;
    entries.iter().map(|entry| (of(entry, "type"), of(entry, "request_id"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_brings_its_consequences_with_it() {
    let house =
        InProcess::start_with(morning(), EngineOptions::default(), Arc::new(NoFaults)).await;
    let asset = house.register("Van", None).await;
    let answer = house.submit(asset, out_of_service()).await.unwrap();
    let Subject::Report(report) = answer.subject else { panic!("a report was made") };
    assert_eq!(status(&house, asset).await, AssetStatus::Maintenance);
    // Decided from its image in history, also after a restart.
    let house = house.restart_after(1_000).await;
    let refused = house.submit(asset, Command::RejectReport { report, reason: None }).await;
    assert_eq!(refused.unwrap_err().code(), "FORBIDDEN_ROLE", "the boss made it");

    let rules = json!({"rules": [
        {"id": "a", "type": "SAFETY", "every_days": 1},
        {"id": "b", "type": "SAFETY", "every_uses": 1},
    ]});
    let change = AssetChange {
        maintenance_schedule: Some(Change::Set(schedule::check(&rules).unwrap())),
        ..AssetChange::default()
    };
    house.submit(asset, Command::UpdateAsset(change)).await.unwrap();
    let log = log(&house, asset).await;
    let of = |types: &[&str], request: &str| -> Vec<(String, String)> {
        types.iter().map(|it| ((*it).to_owned(), request.to_owned())).collect()
    };
    assert_eq!(log[1..3], of(&["condition_report.created", "asset.updated"], "key-1"));
    let planned = ["asset.updated", "maintenance.scheduled", "maintenance.scheduled"];
    assert_eq!(log[3..], of(&planned, "key-3"));
    // What never was is not there, whatever history says.
    let unknown = MaintenanceId::new(report.stamp, asset.tag);
    let refused = house.submit(asset, Command::StartMaintenance { maintenance: unknown }).await;
    assert_eq!(refused.unwrap_err().code(), "NOT_FOUND");
    house.stop().await;
}

/// Fails right after one record has been handed over.
struct Stumbles {
    records: AtomicUsize,
    at: usize,
}

impl Faults for Stumbles {
    fn reach(&self, point: Point, _: Tag) {
        if point == Point::HandedOver && self.records.fetch_add(1, Ordering::SeqCst) + 1 == self.at
        {
            resume_unwind(Box::new("stumbled"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_in_between_leaves_the_rest_owed() {
    // The second record is the report's, the third the asset's that follows from it.
    for at in [2, 3] {
        let faults = Stumbles { records: AtomicUsize::new(0), at };
        let house =
            InProcess::start_with(morning(), EngineOptions::default(), Arc::new(faults)).await;
        let asset = house.register("Van", None).await;
        let answer = house.try_submit(asset, out_of_service()).await;
        assert!(matches!(answer, Err(Refusal::OutcomeUnknown)), "{answer:?}");
        assert_eq!(status(&house, asset).await, AssetStatus::Maintenance, "{at}");
        let types: Vec<_> = log(&house, asset).await.into_iter().map(|(what, _)| what).collect();
        assert_eq!(types, ["asset.created", "condition_report.created", "asset.updated"], "{at}");
        let unknown = ReportId::new(asset.stamp, asset.tag);
        let refused = house.submit(asset, Command::ApproveReport { report: unknown }).await;
        assert_eq!(refused.unwrap_err().code(), "NOT_FOUND");
        house.stop().await;
    }
}
