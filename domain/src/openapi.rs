//! Schemas of the value types for the OpenAPI document (feature `openapi`).

use std::borrow::Cow;

use type_safe_id::StaticType;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

use crate::{id::Id, time::Timestamp};

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339, UTC, at most milliseconds"))
            .into()
    }
}

impl ToSchema for Timestamp {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Timestamp")
    }
}

impl<K: StaticType> PartialSchema for Id<K> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(format!("^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$", K::TYPE)))
            .into()
    }
}

impl<K: StaticType> ToSchema for Id<K> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("{}_id", K::TYPE))
    }
}
