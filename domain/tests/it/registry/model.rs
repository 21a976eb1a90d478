//! A naive registry, written from the contract and apart from the engine, to disagree with: maps by
//! name that a rename rewrites. Random commands must get its answers, leave its documents, and tell in
//! their records exactly what changed.

mod dice;
mod naive;
mod shown;

use std::collections::BTreeSet;

use holdfast_domain::{
    Outcome, Record,
    registry::{
        Command, Far, Index, Refusal, asset, asset_page, asset_types, association,
        association_page, listing, transitive,
    },
};
use proptest::prelude::*;

use super::world::{Answer, Store, World, canonical};
use dice::{Dice, Read};
use naive::{Model, Told};

/// A moment that was kept, and what it showed.
struct Kept {
    index: Index,
    store: Store,
    shown: String,
}

/// More cases than these are for whoever hunts: `PROPTEST_CASES`.
fn config() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(2_000), failure_persistence: None, ..config }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_registry_answers_as_the_model_does(
        steps in proptest::collection::vec(any::<[u16; 20]>(), 50..60),
    ) {
        let (mut world, mut model) = (World::new(), Model::default());
        let mut kept = Vec::new();
        step(&mut world, &mut model, &dice::all_types(), true);
        for rolls in &steps {
            let mut dice = Dice::new(rolls);
            let command = dice.command();
            step(&mut world, &mut model, &command, dice.one_in(8));
            if dice.one_in(2) {
                look(&world, &model, &dice.read());
            }
            if dice.one_in(24) {
                prop_assert_eq!(&world.rebuilt(|rows| dice.shuffle(rows)), &world.state);
                let (index, store) = (world.state.index().clone(), world.store.clone());
                let shown = whole(&index, &store);
                prop_assert_eq!(&shown, &model.whole());
                kept.push(Kept { index, store, shown });
            }
        }
        prop_assert_eq!(&world.rebuilt(|rows| rows.reverse()), &world.state);
        prop_assert_eq!(whole(world.state.index(), &world.store), model.whole());
        for Kept { index, store, shown } in kept {
            prop_assert_eq!(whole(&index, &store), shown, "a cut shows its moment for ever");
        }
    }
}

/// Both carry out the command: the same answer, and, where it is looked at, a record of exactly what
/// has changed.
fn step(world: &mut World, model: &mut Model, command: &Command, audited: bool) {
    let told = model.take(command);
    let answer = world.command(command.clone());
    match (&answer, &told) {
        (Answer::Done(_), Ok(former)) => {
            assert_ne!(former, model, "{command:?}");
            if audited {
                assert_recorded(world.log.last().unwrap(), command, former, model);
            }
        }
        (Answer::Unchanged, Ok(former)) => assert_eq!(former, model, "{command:?}"),
        (Answer::Refused(Refusal::NotFound), Err(Told::NotFound)) => {}
        (Answer::Refused(Refusal::Invalid(codes)), Err(Told::Invalid(code)))
        | (Answer::Refused(Refusal::Conflict(codes)), Err(Told::Conflict(code))) => {
            let codes: Vec<_> = codes.iter().map(|code| code.code()).collect();
            assert_eq!(codes, [*code], "{command:?}");
        }
        other => panic!("{other:?} {command:?}"),
    }
}

fn assert_recorded(record: &Record, command: &Command, former: &Model, model: &Model) {
    let Outcome::Accepted(accepted) = &record.outcome else { panic!("accepted") };
    let documents = |json: &[u8]| -> BTreeSet<String> {
        assert_eq!(canonical(json), json);
        let documents: Vec<serde_json::Value> = serde_json::from_slice(json).unwrap();
        let there = documents.iter().filter(|document| !document.is_null());
        there.map(shown::canonical).collect()
    };
    let (before, after) = (former.documents(command), model.documents(command));
    let gone: BTreeSet<_> = before.difference(&after).cloned().collect();
    let come: BTreeSet<_> = after.difference(&before).cloned().collect();
    assert_eq!(documents(accepted.before.as_ref().unwrap()), gone, "{command:?}");
    assert_eq!(documents(&accepted.after), come, "{command:?}");
}

/// Both are asked the same.
fn look(world: &World, model: &Model, read: &Read) {
    let (index, rows) = (world.state.index(), &world.store);
    let text = |json: Option<Vec<u8>>| json.map(|json| String::from_utf8(json).unwrap());
    let (seen, wanted) = match read {
        Read::Asset(name) => (text(asset(index, rows, name).unwrap()), model.asset(name)),
        Read::Assets(selection, bytes) => {
            let mut pages = Vec::new();
            let mut from = None;
            loop {
                let page = asset_page(index, rows, selection, from.as_ref(), *bytes).unwrap();
                pages.push(String::from_utf8(page.json).unwrap());
                from = page.next;
                if from.is_none() {
                    break;
                }
            }
            (Some(pages.join(",")), Some(model.assets(selection)))
        }
        Read::Types(codes) => {
            let seen = asset_types(index, rows, codes.as_ref()).unwrap();
            (text(Some(seen)), Some(model.types(codes.as_ref())))
        }
        Read::Association(from, to) => {
            (text(association(index, rows, from, to).unwrap()), model.association(from, to))
        }
        Read::List(root, direction, far, bytes) => {
            let listing = listing(index, rows, root, *direction, far).unwrap();
            let seen = listing.map(|listing| {
                let mut json = Vec::new();
                let mut from = Some(0);
                while let Some(at) = from {
                    let page = association_page(index, rows, &listing, at, *bytes).unwrap();
                    json.extend(page.0);
                    from = page.1;
                }
                json
            });
            (text(seen), model.list(root, *direction, far))
        }
        Read::Transitive(root, far) => {
            (text(transitive(index, rows, root, far).unwrap()), model.transitive(root, far))
        }
    };
    assert_eq!(seen, wanted, "{read:?}");
}

/// Everything there is.
fn whole(index: &Index, rows: &Store) -> String {
    let mut all = String::from_utf8(asset_types(index, rows, None).unwrap()).unwrap();
    for name in dice::all_names() {
        let asset = asset(index, rows, &name).unwrap();
        all.push_str(&asset.map_or("-".into(), |json| String::from_utf8(json).unwrap()));
        for direction in [dice::FROM, dice::TO] {
            if let Some(listing) = listing(index, rows, &name, direction, &Far::default()).unwrap()
            {
                let page = association_page(index, rows, &listing, 0, usize::MAX).unwrap();
                all.push_str(&String::from_utf8(page.0).unwrap());
            }
        }
    }
    all
}
