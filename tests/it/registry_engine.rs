//! The registry in the engine: a cut shows one moment whatever is written meanwhile, and a start finds
//! all that was acknowledged, with the views or without.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use holdfast_actors::{EngineOptions, Refusal, cell::NoFaults, registry::Cut};
use holdfast_domain::registry::{
    self, AppContext, AssetName, Association, Code, Command, Direction, Far, Finding, Findings,
    NewAsset, Removal, Selection,
};
use holdfast_storage::fold::FoldOptions;
use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::{harness::test_now, in_process::InProcess};

fn code(text: &str) -> Code {
    Code::new(text).unwrap()
}

fn name(text: &str) -> AssetName {
    AssetName { ty: code("T"), code: code(text) }
}

/// An asset for which application `n` keeps a number.
fn numbered(text: &str, number: usize) -> NewAsset {
    let metadata = BTreeMap::from([("n".to_owned(), number.to_string())]);
    let context = AppContext { application: "n".into(), ids: Vec::new(), metadata };
    NewAsset { name: name(text), context: vec![context] }
}

fn bare(text: &str) -> NewAsset {
    NewAsset { name: name(text), context: Vec::new() }
}

async fn write(world: &InProcess, command: Command) -> Result<(), Refusal> {
    world.engine.registry_write(world.request(command)).await
}

async fn cut(world: &InProcess) -> Arc<Cut> {
    world.engine.registry_cut(&world.boss).await.unwrap()
}

/// Every asset, read in small pages.
fn read_all(cut: &Cut) -> Vec<Value> {
    let all = Selection { types: None, codes: None, apps: BTreeSet::new() };
    let (mut json, mut from) = (vec![b'['], None);
    loop {
        let page = registry::asset_page(cut.index(), cut, &all, from.as_ref(), 300).unwrap();
        json.extend(page.json);
        from = page.next;
        if from.is_none() {
            json.push(b']');
            return serde_json::from_slice(&json).unwrap();
        }
        json.push(b',');
    }
}

/// The associations from an asset, read in small pages.
fn read_from(cut: &Cut, text: &str) -> Value {
    let listing =
        registry::listing(cut.index(), cut, &name(text), Direction::From, &Far::default());
    let listing = listing.unwrap().unwrap();
    let (mut json, mut from) = (Vec::new(), Some(0));
    while let Some(next) = from {
        let page = registry::association_page(cut.index(), cut, &listing, next, 100).unwrap();
        json.extend(page.0);
        from = page.1;
    }
    serde_json::from_slice(&json).unwrap()
}

async fn folding_all_the_time() -> InProcess {
    let fold = FoldOptions { entries: 0, ..FoldOptions::default() };
    let options = EngineOptions { fold, ..EngineOptions::default() };
    InProcess::start_with(test_now(), options, Arc::new(NoFaults)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_shows_one_moment_whatever_is_written() {
    const ASSETS: usize = 40;
    const ROUNDS: usize = 30;
    let world = folding_all_the_time().await;
    write(&world, Command::PutTypes(vec![(code("T"), BTreeMap::new())])).await.unwrap();
    let fleet = |number| (0..ASSETS).map(|i| numbered(&format!("a{i:02}"), number)).collect();
    let mut held = Vec::new();
    for round in 0..ROUNDS {
        write(&world, Command::PutAssets(fleet(round))).await.unwrap();
        let (hub, spoke) = (format!("hub{round:02}"), bare(&format!("a{round:02}")));
        write(&world, Command::PutAssets(vec![bare(&hub)])).await.unwrap();
        let link = Association { from: bare(&hub), to: spoke, context: Vec::new() };
        write(&world, Command::PutAssociations(vec![link])).await.unwrap();
        held.push((round, hub.clone(), cut(&world).await));
        // What the cut shows is changed in every way there is.
        let renamed = Command::ReplaceAsset { name: name(&hub), to: bare(&format!("{hub}-old")) };
        write(&world, renamed).await.unwrap();
        let from = name(&format!("{hub}-old"));
        let to = name(&format!("a{round:02}"));
        let removal = Removal::default();
        write(&world, Command::DeleteAssociation { from: from.clone(), to, removal })
            .await
            .unwrap();
        let removal = Removal::default();
        write(&world, Command::DeleteAsset { name: from, removal }).await.unwrap();
    }
    let checked = spawn_blocking(move || {
        for (round, hub, cut) in held {
            let assets = read_all(&cut);
            let codes: Vec<&str> = assets.iter().map(|it| it["Code"].as_str().unwrap()).collect();
            let mut expected: Vec<String> = (0..ASSETS).map(|i| format!("a{i:02}")).collect();
            expected.push(hub.clone());
            assert_eq!(codes, expected, "cut {round}");
            for asset in &assets[..ASSETS] {
                let number = &asset["Context"][0]["Metadata"]["n"];
                assert_eq!(*number, round.to_string().as_str(), "cut {round}");
            }
            let from = read_from(&cut, &hub);
            assert_eq!(from["Associations"][0]["ToAsset"]["Code"], format!("a{round:02}").as_str());
            assert_eq!(from["Associations"].as_array().unwrap().len(), 1);
        }
    });
    checked.await.unwrap();
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_finds_names_rows_and_counts_with_the_views_and_without() {
    let mut world = folding_all_the_time().await;
    write(&world, Command::PutTypes(vec![(code("T"), BTreeMap::new())])).await.unwrap();
    let fleet = (0..20).map(|i| numbered(&format!("a{i:02}"), i)).collect();
    write(&world, Command::PutAssets(fleet)).await.unwrap();
    let link =
        |from: &str, to: &str| Association { from: bare(from), to: bare(to), context: Vec::new() };
    let links = vec![link("a00", "a01"), link("a02", "a01"), link("a03", "a03")];
    write(&world, Command::PutAssociations(links)).await.unwrap();
    let to = numbered("b01", 1);
    write(&world, Command::ReplaceAsset { name: name("a01"), to }).await.unwrap();
    let before = read_all(&*cut(&world).await);
    for without_views in [false, true] {
        world = if without_views { world.without_views() } else { world };
        world = world.restart_after(1_000).await;
        assert_eq!(read_all(&*cut(&world).await), before);
        let in_use =
            Refusal::Registry(registry::Refusal::Conflict(Findings::from([Finding::AssetInUse])));
        for used in ["a00", "b01", "a03"] {
            let removal = Removal::default();
            let refused = write(&world, Command::DeleteAsset { name: name(used), removal }).await;
            assert_eq!(refused, Err(in_use.clone()), "{used}");
        }
        let shown = read_from(&*cut(&world).await, "a02");
        assert_eq!(shown["Associations"][0]["ToAsset"]["Code"], "b01");
    }
    // An id is never given again: what is made now is not taken for anything older.
    let removal = Removal::default();
    write(&world, Command::DeleteAsset { name: name("a19"), removal }).await.unwrap();
    write(&world, Command::PutAssets(vec![bare("a19")])).await.unwrap();
    let after = read_all(&*cut(&world).await);
    assert_eq!(after.len(), before.len());
    assert_eq!(after.iter().find(|it| it["Code"] == "a19").unwrap().get("Context"), None);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_takes_the_whole_budget_goes_alone() {
    let options = EngineOptions { in_flight_bytes_max: 2_000_000, ..EngineOptions::default() };
    let world = InProcess::start_with(test_now(), options, Arc::new(NoFaults)).await;
    write(&world, Command::PutTypes(vec![(code("T"), BTreeMap::new())])).await.unwrap();
    let metadata: BTreeMap<_, _> = (0..20).map(|n| (format!("k{n}"), "v".to_owned())).collect();
    let one = |n: usize| {
        let metadata = metadata.clone();
        let context = AppContext { application: "n".into(), ids: Vec::new(), metadata };
        NewAsset { name: name(&format!("a{n:03}")), context: vec![context] }
    };
    let batch = world.request(Command::PutAssets((0..400).map(one).collect()));
    assert!(batch.bytes() > 500_000, "more than the registry's quarter");
    world.engine.registry_write(batch).await.unwrap();
    assert_eq!(read_all(&*cut(&world).await).len(), 400);
    world.stop().await;
}
