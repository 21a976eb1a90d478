//! Samples of what came with schema 4: the asset registry.

use std::sync::Arc;

use holdfast_domain::{
    RegistryId,
    registry::{AssetKey, Change, Code, Key, RegistryEvent, Row, TypeKey},
};

use super::{Event, Kind, Outcome, Record, Stamp, Subject, TAG, accepted};

pub(super) fn samples() -> Vec<(&'static str, Record)> {
    let code = |text: &str| Code::new(text).unwrap();
    let (ty, asset) = (TypeKey(1 << 12), AssetKey((2 << 12) + 1));
    let context: Box<str> = "[{\"Application\":\"A\"}]".into();
    let of_type = Row::Type { code: code("Market"), metadata: "{}".into() };
    let of_asset = Row::Asset { ty, code: code("XSX"), context: context.clone() };
    let put = |key, row| Change { key, row: Some(Arc::new(row)) };
    let gone = |key| Change { key, row: None };
    let link = Key::From(asset, AssetKey(300));
    let of = |kind, changes| about(kind, RegistryEvent { changes });
    vec![
        (
            "types-defined",
            of(Kind::RegistryTypesDefined, vec![put(Key::Type(ty), of_type.clone())]),
        ),
        ("type-replaced", of(Kind::RegistryTypeReplaced, vec![put(Key::Type(ty), of_type)])),
        ("types-deleted", of(Kind::RegistryTypesDeleted, vec![gone(Key::Type(ty))])),
        (
            "assets-merged",
            of(Kind::RegistryAssetsMerged, vec![put(Key::Asset(asset), of_asset.clone())]),
        ),
        (
            "asset-replaced",
            of(Kind::RegistryAssetReplaced, vec![put(Key::Asset(asset), of_asset.clone())]),
        ),
        (
            "context-removed",
            of(Kind::RegistryContextRemoved, vec![put(Key::Asset(asset), of_asset.clone())]),
        ),
        ("assets-deleted", of(Kind::RegistryAssetsDeleted, vec![gone(Key::Asset(asset))])),
        (
            "associations-merged",
            of(
                Kind::RegistryAssociationsMerged,
                vec![put(Key::Asset(asset), of_asset), put(link, Row::Association { context })],
            ),
        ),
        ("associations-deleted", of(Kind::RegistryAssociationsDeleted, vec![gone(link)])),
        (
            "associations-synchronised",
            of(
                Kind::RegistryAssociationsSynchronised,
                vec![gone(link), put(Key::To(asset, asset), Row::Back)],
            ),
        ),
    ]
}

/// As [`accepted`], of a registry.
fn about(kind: Kind, event: RegistryEvent) -> Record {
    let mut record = accepted(kind, Event::Registry(event));
    record.key = None;
    if let Outcome::Accepted(accepted) = &mut record.outcome {
        accepted.subject = Subject::Registry(RegistryId::new(Stamp::MIN, TAG));
        accepted.booking = None;
    }
    record
}
