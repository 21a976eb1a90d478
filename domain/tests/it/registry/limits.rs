//! How much one command may change, and what it weighs.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::{
    Kind,
    registry::{
        AppContext, AssetName, Association, Code, Command, Context, Finding,
        Finding::TooManyChanges, NewAsset, Refusal, Removal,
    },
    request::CommandText as _,
};

use super::{
    wire::with_types,
    world::{Answer, World},
};

const MIB: usize = 1024 * 1024;

fn name(code: &str) -> AssetName {
    AssetName { ty: Code::new("User").unwrap(), code: Code::new(code).unwrap() }
}

fn context(bytes: usize, fill: &str) -> Context {
    if bytes == 0 {
        return Context::new();
    }
    let metadata = BTreeMap::from([("k".into(), fill.repeat(bytes))]);
    vec![AppContext { application: "A".into(), metadata, ..AppContext::default() }]
}

fn asset(code: &str, bytes: usize) -> NewAsset {
    NewAsset { name: name(code), context: context(bytes, "x") }
}

fn put(world: &mut World, assets: Vec<NewAsset>) -> Answer {
    world.command(Command::PutAssets(assets))
}

fn too_many() -> Answer {
    Answer::Refused(Refusal::from(TooManyChanges))
}

#[test]
fn one_command_makes_so_many_new_things() {
    let assets =
        |from: usize, many: usize| (from..from + many).map(|n| asset(&format!("{n}"), 0)).collect();
    let mut world = with_types();
    assert_eq!(put(&mut world, assets(0, 4_097)), too_many());
    assert_eq!(world.ask("GET /asset"), "[]");
    let merged = Answer::Done(Kind::RegistryAssetsMerged);
    assert_eq!(put(&mut world, assets(0, 4_096)), merged);
    // What is there already is not new.
    assert_eq!(put(&mut world, assets(1, 4_096)), merged);
    let types = (0..4_097).map(|n| (Code::new(&format!("{n}")).unwrap(), BTreeMap::new()));
    assert_eq!(world.command(Command::PutTypes(types.collect())), too_many());
    let removal = Removal::default();
    let codes = (0..4_097).map(|n| Code::new(&format!("{n}")).unwrap()).collect();
    let delete = Command::DeleteAssets { ty: name("0").ty, codes, removal };
    assert_eq!(world.command(delete), Answer::Done(Kind::RegistryAssetsDeleted));
}

#[test]
fn one_record_holds_so_many_bytes() {
    let mut world = with_types();
    let merged = Answer::Done(Kind::RegistryAssetsMerged);
    // The row and the document: twice.
    assert_eq!(put(&mut world, vec![asset("a", 2 * MIB), asset("b", 2 * MIB)]), too_many());
    assert_eq!(put(&mut world, vec![asset("a", 2 * MIB), asset("b", 2 * MIB - 1024)]), merged);
    // Sent again it changes nothing, however much it is.
    let again = vec![asset("a", 2 * MIB), asset("b", 2 * MIB - 1024)];
    assert_eq!(put(&mut world, again), Answer::Unchanged);
    assert_eq!(put(&mut world, vec![asset("c", 4 * MIB)]), too_many());
    // The document before as well: it is replaced, so three times.
    let other = |code: &str| NewAsset { name: name(code), context: context(2 * MIB, "y") };
    assert_eq!(put(&mut world, vec![other("a")]), merged);
    assert_eq!(put(&mut world, vec![asset("a", 2 * MIB), other("b")]), too_many());
    // Nor may as much be taken away at once.
    for code in ["c", "d", "e"] {
        let link =
            Association { from: asset("r", 0), to: asset(code, 0), context: context(3 * MIB, "x") };
        let linked = Answer::Done(Kind::RegistryAssociationsMerged);
        assert_eq!(world.command(Command::PutAssociations(vec![link])), linked);
    }
    let from = name("r");
    let types = BTreeSet::new();
    let removal = Removal::default();
    let delete = Command::DeleteAssociationsFrom { from: from.clone(), types, removal };
    assert_eq!(world.command(delete.clone()), too_many());
    let removal = Removal::default();
    let one = Command::DeleteAssociation { from, to: name("d"), removal };
    let deleted = Answer::Done(Kind::RegistryAssociationsDeleted);
    assert_eq!(world.command(one), deleted);
    assert_eq!(world.command(delete), deleted);
}

#[test]
fn long_names_count_where_they_are_written() {
    let mut world = with_types();
    let long = |n: usize| format!("{n:>05}{}", "n".repeat(251));
    let codes = || (0..4_096).map(long);
    assert_eq!(
        put(&mut world, codes().map(|code| asset(&code, 0)).collect()),
        Answer::Done(Kind::RegistryAssetsMerged)
    );
    // Each association names both of its ends: far more than its row.
    let links = |from: usize, many: usize| {
        let all = codes().skip(from).take(many);
        let link = |to: String| Association {
            from: asset(&long(0), 0),
            to: asset(&to, 0),
            context: Context::new(),
        };
        Command::PutAssociations(all.map(link).collect())
    };
    for from in [0, 1_024, 2_048, 3_072] {
        let linked = Answer::Done(Kind::RegistryAssociationsMerged);
        assert_eq!(world.command(links(from, 1_024)), linked);
    }
    let from = name(&long(0));
    let (types, removal) = (BTreeSet::new(), Removal::default());
    let delete = Command::DeleteAssociationsFrom { from, types, removal };
    assert_eq!(world.command(delete), Answer::Done(Kind::RegistryAssociationsDeleted));
}

#[test]
fn a_command_weighs_its_texts() {
    let light = Command::PutAssets(vec![asset("a", 0)]);
    let heavy = Command::PutAssets(vec![asset("a", 1000), asset("b", 1000)]);
    assert!(light.text_bytes() < 100 && heavy.text_bytes() > 2000);
    let sent = |context: Context| Association { from: asset("a", 10), to: asset("b", 20), context };
    let bytes = |context| Command::PutAssociations(vec![sent(context)]).text_bytes();
    assert_eq!(bytes(context(500, "x")) - bytes(context(100, "x")), 400);
    assert_eq!(Finding::TooManyChanges.code(), "TooManyChanges");
}
