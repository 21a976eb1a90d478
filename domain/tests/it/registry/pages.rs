//! Long lists: whatever the pages, together they are the list, and what cannot be read is an error.

use std::{cell::Cell, collections::BTreeSet, sync::Arc};

use holdfast_domain::{
    Timestamp,
    registry::{
        AssetName, Code, Command, Direction, Far, Key, Removal, Row, Rows, RowsError, Selection,
        asset, asset_page, asset_types, association_page, decide, listing, transitive,
        transitive_listing,
    },
};

use super::{
    wire::with_types,
    world::{Store, World, request},
};

fn name(ty: &str, code: &str) -> AssetName {
    AssetName { ty: Code::new(ty).unwrap(), code: Code::new(code).unwrap() }
}

/// From the user `hub` to so many markets and back from each, every third with context of `A`.
fn star(rays: usize) -> World {
    let mut world = with_types();
    let to: Vec<_> = (0..rays)
        .map(|n| {
            let context = if n % 3 == 0 { r#"[{"Application":"A"}]"# } else { "[]" };
            format!(
                r#"{{"ToAsset":{{"Type":"Market","Code":"{}","Context":{context}}},"Association":{{"Context":{context}}}}}"#,
                // In another order than they are made.
                (n * 7919) % rays
            )
        })
        .collect();
    let list =
        format!(r#"{{"Root":{{"Type":"User","Code":"hub"}},"Associations":[{}]}}"#, to.join(","));
    assert_eq!(world.send("POST /association", &list), "done");
    for n in 0..rays {
        let back = format!(
            r#"{{"Root":{{"Type":"Market","Code":"{n}"}},"Associations":[{{"ToAsset":{{"Type":"User","Code":"hub"}}}}]}}"#
        );
        assert_eq!(world.send("POST /association", &back), "done");
    }
    world
}

#[test]
fn pages_of_assets_make_the_list() {
    let mut world = star(70);
    for (query, apps) in [("", &[][..]), ("?app=A", &["A"]), ("?app=none", &["none"])] {
        let list = world.ask(&format!("GET /asset{query}"));
        let apps = apps.iter().map(|app| (*app).to_owned()).collect();
        let selection = Selection { types: None, codes: None, apps };
        for bytes in [0, 1, 60, 61, 1000, usize::MAX] {
            let (mut pages, mut from) = (Vec::new(), None);
            loop {
                let page =
                    asset_page(world.state.index(), &world.store, &selection, from.as_ref(), bytes)
                        .unwrap();
                let text = String::from_utf8(page.json).unwrap();
                assert!(text.len() < bytes.saturating_add(80), "one beyond the bound at most");
                assert!(!text.is_empty() || (pages.is_empty() && page.next.is_none()));
                pages.push(text);
                from = page.next;
                if from.is_none() {
                    break;
                }
            }
            assert_eq!(format!("[{}]", pages.join(",")), list);
        }
    }
}

#[test]
fn a_page_may_begin_where_an_asset_is_no_more() {
    let world = star(3);
    let page = |ty, code, types: Option<&[&str]>| {
        let types = types.map(|types| types.iter().map(|ty| Code::new(ty).unwrap()).collect());
        let selection = Selection { types, codes: None, apps: BTreeSet::new() };
        let from = name(ty, code);
        let page =
            asset_page(world.state.index(), &world.store, &selection, Some(&from), 1).unwrap();
        String::from_utf8(page.json).unwrap()
    };
    assert!(page("Market", "10", None).contains(r#""Code":"2""#));
    assert!(page("Market", "9", None).contains(r#""Code":"hub""#));
    assert!(page("Nope", "9", None).contains(r#""Code":"hub""#));
    assert_eq!(page("Zzz", "9", None), "");
    assert_eq!(page("Market", "9", Some(&["Market"])), "");
    assert!(page("A", "9", Some(&["User", "Market"])).contains(r#""Code":"0""#));
}

#[test]
fn pages_of_associations_make_the_document() {
    // Around the number of rows that are read at once.
    for rays in [0, 1, 63, 64, 65, 129] {
        let world = if rays == 0 {
            let mut world = with_types();
            world.send("POST /asset", r#"[{"Code":"hub","Type":"User"}]"#);
            world
        } else {
            star(rays)
        };
        let (index, rows, root) = (world.state.index(), &world.store, name("User", "hub"));
        let far = Far::default();
        let all = [
            listing(index, rows, &root, Direction::From, &far).unwrap().unwrap(),
            listing(index, rows, &root, Direction::To, &far).unwrap().unwrap(),
            transitive_listing(index, rows, &root, &far).unwrap().unwrap(),
        ];
        for (listing, many) in all.iter().zip([rays, rays, 2 * rays]) {
            let (whole, end) = association_page(index, rows, listing, 0, usize::MAX).unwrap();
            assert_eq!(end, None);
            let document: serde_json::Value = serde_json::from_slice(&whole).unwrap();
            assert_eq!(document["Root"]["Code"], "hub");
            let entries = document["Associations"].as_array().map_or(0, Vec::len);
            assert_eq!((entries, document.get("Associations").is_some()), (many, rays > 0));
            for bytes in [0, 500] {
                let (mut json, mut from, mut pages) = (Vec::new(), Some(0), 0);
                while let Some(at) = from {
                    let (page, next) = association_page(index, rows, listing, at, bytes).unwrap();
                    assert!(next.is_none_or(|next| next > at) && page.len() < bytes + 300);
                    json.extend(page);
                    from = next;
                    pages += 1;
                }
                assert_eq!(json, whole);
                assert!(bytes > 0 || pages == many.max(1));
            }
        }
    }
}

#[test]
fn lists_are_in_the_order_of_the_far_end() {
    let mut world = star(12);
    let json: serde_json::Value =
        serde_json::from_str(&world.ask("GET /association/from/User/hub")).unwrap();
    let codes = json["Associations"].as_array().unwrap().iter();
    let codes: Vec<_> = codes.map(|it| it["ToAsset"]["Code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["0", "1", "10", "11", "2", "3", "4", "5", "6", "7", "8", "9"]);
}

/// Rows that stop being readable after so many reads.
struct Failing<'a> {
    store: &'a Store,
    reads: Cell<usize>,
}

impl Failing<'_> {
    fn read(&self) -> Result<(), RowsError> {
        let left = self.reads.get().checked_sub(1).ok_or_else(|| RowsError("gone".into()))?;
        self.reads.set(left);
        Ok(())
    }
}

impl Rows for Failing<'_> {
    fn get(&self, key: Key) -> Result<Option<Arc<Row>>, RowsError> {
        self.read()?;
        self.store.get(key)
    }

    fn range(&self, from: Key, to: Key, limit: usize) -> Result<Vec<(Key, Arc<Row>)>, RowsError> {
        self.read()?;
        self.store.range(from, to, limit)
    }
}

#[test]
fn what_cannot_be_read_is_an_error_of_the_whole() {
    let world = star(3);
    let (index, root) = (world.state.index(), name("User", "hub"));
    let all = Selection { types: None, codes: None, apps: BTreeSet::new() };
    let far = Far { types: BTreeSet::new(), apps: BTreeSet::from(["A".into()]) };
    let from = root.clone();
    let types = BTreeSet::from([Code::new("Market").unwrap()]);
    let removal = Removal::default();
    let delete = request(Command::DeleteAssociationsFrom { from, types, removal });
    let rows_that = |rows: &dyn Rows| -> Vec<Result<(), RowsError>> {
        vec![
            asset(index, rows, &root).map(|_| ()),
            asset_page(index, rows, &all, None, usize::MAX).map(|_| ()),
            asset_types(index, rows, None).map(|_| ()),
            listing(index, rows, &root, Direction::To, &far).map(|_| ()),
            transitive(index, rows, &root, &far).map(|_| ()),
            decide(&world.state, &delete, Timestamp::default(), rows).map(|_| ()),
        ]
    };
    let mut failed = 0;
    for reads in 0..40 {
        let rows = Failing { store: &world.store, reads: Cell::new(reads) };
        failed += rows_that(&rows).iter().filter(|read| read.is_err()).count();
    }
    assert!(failed > 40);
    // Rows that contradict the names.
    let mut holes = world.store.clone();
    holes.0.retain(|key, _| matches!(key, Key::From(..) | Key::To(..)));
    assert!(rows_that(&holes).iter().all(Result::is_err));
    let mut confused = world.store.clone();
    confused.0.values_mut().for_each(|row| *row = Arc::new(Row::Back));
    assert!(rows_that(&confused).iter().all(Result::is_err));
}
