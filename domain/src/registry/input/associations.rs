//! The routes under `/association`.

use std::mem::take;

use super::{
    Body, NameSegments, Query, Segment,
    document::{self, SentAsset, asset_member, members},
    once,
    path::{Named, agree, type_segment},
    query::Parameters,
    settled,
};
use crate::registry::{
    AssetName, Association, Command, Context, Direction, Far, FarFilter, Finding, Findings,
    NewAsset, SyncTo,
};

/// `/association/from/{type}/{code}/to/{totype}/{tocode}`: the ends it reads.
///
/// # Errors
/// What is wrong with them.
pub fn association_ends(
    from: NameSegments<'_>,
    to: NameSegments<'_>,
) -> Result<(AssetName, AssetName), Findings> {
    let mut findings = Findings::new();
    let from = Named::by_url(from, &mut findings).whole();
    let to = Named::by_url(to, &mut findings).whole();
    settled(from.zip(to), findings)
}

/// `POST /association/from/{type}/{code}/to/{totype}/{tocode}`: the body names what the URL does.
///
/// # Errors
/// What is wrong with it.
pub fn post_association(
    from: NameSegments<'_>,
    to: NameSegments<'_>,
    body: Body<'_>,
) -> Result<Command, Findings> {
    let mut findings = Findings::new();
    let url_from = Named::by_url(from, &mut findings);
    let url_to = Named::by_url(to, &mut findings);
    let known = ["FromAsset", "ToAsset", "Association"];
    let sent = document::json(body, &mut findings)
        .and_then(|body| members(body, known, &mut findings))
        .and_then(|[from, to, association]| {
            let from = asset_member(from, &mut findings);
            from.name.agree(&url_from, &mut findings);
            let to = asset_member(to, &mut findings);
            to.name.agree(&url_to, &mut findings);
            let context = document::association(association, &mut findings);
            Some(Association { from: from.whole()?, to: to.whole()?, context })
        });
    settled(sent.map(|sent| Command::PutAssociations(vec![sent])), findings)
}

/// `DELETE /association/from/{type}/{code}/to/{totype}/{tocode}?app*&deleteOnEmpty`.
///
/// # Errors
/// What is wrong with it.
pub fn delete_association(
    from: NameSegments<'_>,
    to: NameSegments<'_>,
    query: Query<'_>,
) -> Result<Command, Findings> {
    let mut findings = Findings::new();
    let from = Named::by_url(from, &mut findings).whole();
    let to = Named::by_url(to, &mut findings).whole();
    let removal = Parameters::of(query, &mut findings).removal(&mut findings);
    let ends = from.zip(to);
    settled(ends.map(|(from, to)| Command::DeleteAssociation { from, to, removal }), findings)
}

/// `GET /association/from/{type}/{code}?totype*&app*`, the same with `/transitive`, and
/// `GET /association/to/{type}/{code}?fromtype*&app*`.
///
/// # Errors
/// What is wrong with it.
pub fn far(
    root: NameSegments<'_>,
    direction: Direction,
    query: Query<'_>,
) -> Result<(AssetName, Far), Findings> {
    let mut findings = Findings::new();
    let root = Named::by_url(root, &mut findings).whole();
    let parameters = Parameters::of(query, &mut findings);
    let types = match direction {
        Direction::From => "totype",
        Direction::To => "fromtype",
    };
    let types = parameters.codes(types, Finding::InvalidType, &mut findings);
    let apps = parameters.apps(&mut findings);
    settled(root.map(|root| (root, Far { types, apps })), findings)
}

/// `GET /association/from/{type}/{code}/to/{totype}?app*`.
///
/// # Errors
/// What is wrong with it.
pub fn far_of_type(
    from: NameSegments<'_>,
    to: Segment<'_>,
    query: Query<'_>,
) -> Result<(AssetName, Far), Findings> {
    let mut findings = Findings::new();
    let root = Named::by_url(from, &mut findings).whole();
    let ty = type_segment(to, &mut findings);
    let apps = Parameters::of(query, &mut findings).apps(&mut findings);
    let read = root.zip(ty).map(|(root, ty)| (root, Far { types: FarFilter::from([ty]), apps }));
    settled(read, findings)
}

/// `POST /association` with the associations of one asset. The asset alone is merged as an asset is.
///
/// # Errors
/// What is wrong with it.
pub fn post_associations(body: Body<'_>) -> Result<Command, Findings> {
    let mut findings = Findings::new();
    let sent = sent(body, &mut findings);
    settled(sent.whole().map(put), findings)
}

/// `POST /association/from/{type}/{code}`: the same, and the body's root is what the URL names.
///
/// # Errors
/// What is wrong with it.
pub fn post_associations_from(from: NameSegments<'_>, body: Body<'_>) -> Result<Command, Findings> {
    let mut findings = Findings::new();
    let url = Named::by_url(from, &mut findings);
    let sent = sent(body, &mut findings);
    sent.root.name.agree(&url, &mut findings);
    settled(sent.whole().map(put), findings)
}

/// `DELETE /association/from/{type}/{code}?totype*&app*&deleteOnEmpty`.
///
/// # Errors
/// What is wrong with it.
pub fn delete_associations_from(
    from: NameSegments<'_>,
    query: Query<'_>,
) -> Result<Command, Findings> {
    let mut findings = Findings::new();
    let from = Named::by_url(from, &mut findings).whole();
    let parameters = Parameters::of(query, &mut findings);
    let types = parameters.codes("totype", Finding::InvalidType, &mut findings);
    let removal = parameters.removal(&mut findings);
    let command = from.map(|from| Command::DeleteAssociationsFrom { from, types, removal });
    settled(command, findings)
}

/// `PATCH /association/from/{type}/{code}/to/{totype}?app*&deleteOnEmpty`: the body's root is what the
/// URL names, and all it lists are of the URL's type.
///
/// # Errors
/// What is wrong with it.
pub fn sync(
    from: NameSegments<'_>,
    to: Segment<'_>,
    query: Query<'_>,
    body: Body<'_>,
) -> Result<Command, Findings> {
    let mut findings = Findings::new();
    let url = Named::by_url(from, &mut findings);
    let ty = type_segment(to, &mut findings);
    let removal = Parameters::of(query, &mut findings).removal(&mut findings);
    let sent = sent(body, &mut findings);
    sent.root.name.agree(&url, &mut findings);
    for (to, _) in &sent.associations {
        agree(to.name.ty.as_ref(), ty.as_ref(), Finding::TypeMismatch, &mut findings);
    }
    let command = ty.zip(sent.whole()).map(|(ty, (from, associations))| {
        Command::Sync(SyncTo { from, ty, associations, removal })
    });
    settled(command, findings)
}

/// An asset and its associations as a body has them.
#[derive(Default)]
struct Sent {
    root: SentAsset,
    associations: Vec<(SentAsset, Context)>,
}

impl Sent {
    /// `None` when a name in it is not whole, which has been found.
    fn whole(self) -> Option<(NewAsset, Vec<(NewAsset, Context)>)> {
        let associations = self.associations.into_iter();
        let whole = associations.map(|(to, context)| Some((to.whole()?, context)));
        Some((self.root.whole()?, whole.collect::<Option<_>>()?))
    }
}

fn sent(body: Body<'_>, findings: &mut Findings) -> Sent {
    let object = document::json(body, findings)
        .and_then(|body| members(body, ["Root", "Associations"], findings));
    let Some([root, associations]) = object else { return Sent::default() };
    let root = asset_member(root, findings);
    let associations = document::list(associations, findings).iter().filter_map(|item| {
        let [to, association] = members(item, ["ToAsset", "Association"], findings)?;
        Some((asset_member(to, findings), document::association(association, findings)))
    });
    let associations: Vec<_> = associations.collect();
    let names = associations.iter().map(|(to, _)| &to.name);
    once(names.filter_map(|name| name.ty.as_ref().zip(name.code.as_ref())), findings);
    Sent { root, associations }
}

/// Whoever merges what the root carries once has merged it: the others name it alone.
fn put((mut root, associations): (NewAsset, Vec<(NewAsset, Context)>)) -> Command {
    if associations.is_empty() {
        return Command::PutAssets(vec![root]);
    }
    let associations = associations.into_iter().map(|(to, context)| {
        let from = NewAsset { name: root.name.clone(), context: take(&mut root.context) };
        Association { from, to, context }
    });
    Command::PutAssociations(associations.collect())
}
