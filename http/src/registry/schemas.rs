//! The documents of the registry, for the OpenAPI document: bodies are read and made by the domain.

use std::collections::BTreeMap;

use utoipa::ToSchema;

macro_rules! schemas {
    ($($item:item)*) => {$(
        #[derive(ToSchema)]
        #[expect(dead_code, reason = "the shape shown in the document; read and made elsewhere")]
        $item
    )*};
}

schemas! {
    /// An asset. Answers leave out what is empty.
    #[serde(deny_unknown_fields)]
    #[schema(
        rename_all = "PascalCase",
        example = json!({"Code": "XSX", "Type": "Market", "Context": [
            {"Application": "Zenith",
             "IDs": [{"Name": "Visibilities",
                      "Values": {"Full": "Everything", "Limited": "State,Pricing"}}],
             "Metadata": {"Region": "AU"}},
            {"Application": "Watchmaker", "Metadata": {"MaxLists": "20"}},
        ]}),
    )]
    pub(crate) struct RegistryAsset {
        #[schema(min_length = 1, max_length = 256)]
        code: String,
        /// The code of its type.
        #[schema(min_length = 1, max_length = 256)]
        r#type: String,
        /// One entry per application, in the order in which they came.
        context: Option<Vec<AppContext>>,
    }

    /// A type of assets.
    #[serde(deny_unknown_fields)]
    #[schema(
        rename_all = "PascalCase",
        example = json!({"Code": "TradingAccount", "Metadata": {"Disabled": "False"}}),
    )]
    pub(crate) struct RegistryAssetType {
        #[schema(min_length = 1, max_length = 256)]
        code: String,
        metadata: Option<BTreeMap<String, String>>,
    }

    /// What one application keeps of an asset or of an association.
    #[serde(deny_unknown_fields)]
    #[schema(rename_all = "PascalCase")]
    pub(crate) struct AppContext {
        #[schema(min_length = 1)]
        application: String,
        /// Groups of values, no name twice.
        #[schema(rename = "IDs")]
        ids: Option<Vec<NamedValues>>,
        metadata: Option<BTreeMap<String, String>>,
    }

    /// A named group of values.
    #[serde(deny_unknown_fields)]
    #[schema(rename_all = "PascalCase")]
    pub(crate) struct NamedValues {
        #[schema(min_length = 1)]
        name: String,
        values: Option<BTreeMap<String, String>>,
    }

    /// What applications keep of an association.
    #[serde(deny_unknown_fields)]
    #[schema(rename_all = "PascalCase")]
    pub(crate) struct RegistryAssociation {
        context: Option<Vec<AppContext>>,
    }

    /// An association with both ends.
    #[serde(deny_unknown_fields)]
    #[schema(
        rename_all = "PascalCase",
        example = json!({
            "FromAsset": {"Type": "User", "Code": "3f1c0b52-7a4e-4c39-9d53-0a6f2f9b8e11"},
            "ToAsset": {"Type": "Market", "Code": "XSX"},
            "Association": {"Context": [
                {"Application": "Zenith", "Metadata": {"Visibility": "Limited"}},
            ]},
        }),
    )]
    pub(crate) struct FullAssociation {
        from_asset: RegistryAsset,
        to_asset: RegistryAsset,
        association: Option<RegistryAssociation>,
    }

    /// The far end of an association from an asset.
    #[serde(deny_unknown_fields)]
    #[schema(rename_all = "PascalCase")]
    pub(crate) struct ToAssetAssociation {
        to_asset: RegistryAsset,
        association: Option<RegistryAssociation>,
    }

    /// The far end of an association to an asset.
    #[serde(deny_unknown_fields)]
    #[schema(rename_all = "PascalCase")]
    pub(crate) struct FromAssetAssociation {
        from_asset: RegistryAsset,
        association: Option<RegistryAssociation>,
    }

    /// An asset and the associations from it.
    #[serde(deny_unknown_fields)]
    #[schema(
        rename_all = "PascalCase",
        example = json!({
            "Root": {"Type": "User", "Code": "3f1c0b52-7a4e-4c39-9d53-0a6f2f9b8e11"},
            "Associations": [
                {"ToAsset": {"Type": "TradingAccount", "Code": "XS:0001"}},
                {"ToAsset": {"Type": "Group", "Code": "Desk-A"},
                 "Association": {"Context": [
                     {"Application": "OMS", "Metadata": {"Access": "Read"}},
                 ]}},
            ],
        }),
    )]
    pub(crate) struct AssociationsFromAsset {
        root: RegistryAsset,
        associations: Option<Vec<ToAssetAssociation>>,
    }

    /// An asset and the associations to it.
    #[serde(deny_unknown_fields)]
    #[schema(
        rename_all = "PascalCase",
        example = json!({
            "Root": {"Type": "Market", "Code": "XSX"},
            "Associations": [
                {"FromAsset": {"Type": "User", "Code": "3f1c0b52-7a4e-4c39-9d53-0a6f2f9b8e11"}},
            ],
        }),
    )]
    pub(crate) struct AssociationsToAsset {
        root: RegistryAsset,
        associations: Option<Vec<FromAssetAssociation>>,
    }

    /// An asset and every association it leads to. `FromAsset` has no context.
    #[serde(deny_unknown_fields)]
    #[schema(
        rename_all = "PascalCase",
        example = json!({
            "Root": {"Type": "User", "Code": "3f1c0b52-7a4e-4c39-9d53-0a6f2f9b8e11"},
            "Associations": [
                {"FromAsset": {"Type": "Group", "Code": "Desk-A"},
                 "ToAsset": {"Type": "Market", "Code": "XSX"}},
                {"FromAsset": {"Type": "User", "Code": "3f1c0b52-7a4e-4c39-9d53-0a6f2f9b8e11"},
                 "ToAsset": {"Type": "Group", "Code": "Desk-A"}},
            ],
        }),
    )]
    pub(crate) struct TransitiveAssociations {
        root: RegistryAsset,
        associations: Option<Vec<FullAssociation>>,
    }
}
