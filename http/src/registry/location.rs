//! Where a registered thing is found: its own path, names escaped.

use holdfast_domain::registry::{AssetName, Code, Command};

use crate::percent::encode_into;

/// Of the one thing that a command makes or renames, under the name that it leaves it; `None` for
/// commands on none or several.
pub(super) fn of(command: &Command) -> Option<String> {
    match command {
        Command::PutTypes(types) => match &types[..] {
            [(code, _)] => Some(asset_type(code)),
            _ => None,
        },
        Command::ReplaceType { to, .. } => Some(asset_type(to)),
        Command::PutAssets(assets) => match &assets[..] {
            [one] => Some(asset(&one.name)),
            _ => None,
        },
        Command::ReplaceAsset { to, .. } => Some(asset(&to.name)),
        Command::PutAssociations(associations) => match &associations[..] {
            [one] => Some(association(&one.from.name, &one.to.name)),
            _ => None,
        },
        Command::DeleteType(_)
        | Command::DeleteTypes(_)
        | Command::DeleteAsset { .. }
        | Command::DeleteAssets { .. }
        | Command::DeleteAssociation { .. }
        | Command::DeleteAssociationsFrom { .. }
        | Command::Sync(_) => None,
    }
}

fn asset_type(code: &Code) -> String {
    path(&["/type/bycode/"], &[code])
}

fn asset(name: &AssetName) -> String {
    path(&["/asset/bytype/", "/bycode/"], &[&name.ty, &name.code])
}

fn association(from: &AssetName, to: &AssetName) -> String {
    path(&["/association/from/", "/", "/to/", "/"], &[&from.ty, &from.code, &to.ty, &to.code])
}

/// Each name after its part of the path.
fn path(parts: &[&str], names: &[&Code]) -> String {
    let mut path = String::new();
    for (part, name) in parts.iter().zip(names) {
        path.push_str(part);
        encode_into(&mut path, name.as_str());
    }
    path
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use holdfast_domain::registry::{Association, NewAsset};

    use super::*;

    fn code(text: &str) -> Code {
        Code::new(text).unwrap()
    }

    fn new(ty: &str, name: &str) -> NewAsset {
        NewAsset { name: AssetName { ty: code(ty), code: code(name) }, context: vec![] }
    }

    #[test]
    fn each_kind_of_thing_has_its_path() {
        let market = new("Market", "XSX[Sample]");
        let moved = Command::ReplaceAsset { name: market.name.clone(), to: new("a/b", "ü +") };
        let renamed =
            Command::ReplaceType { code: code("A"), to: code("B:C"), metadata: BTreeMap::new() };
        let pair = Association { from: new("User", "1"), to: market.clone(), context: vec![] };
        let rows = [
            (
                Command::PutAssets(vec![market.clone()]),
                "/asset/bytype/Market/bycode/XSX%5BSample%5D",
            ),
            (moved, "/asset/bytype/a%2Fb/bycode/%C3%BC%20%2B"),
            (Command::PutTypes(vec![(code("Market"), BTreeMap::new())]), "/type/bycode/Market"),
            (renamed, "/type/bycode/B%3AC"),
            (
                Command::PutAssociations(vec![pair]),
                "/association/from/User/1/to/Market/XSX%5BSample%5D",
            ),
        ];
        for (command, expected) in rows {
            assert_eq!(of(&command).as_deref(), Some(expected));
        }
        assert_eq!(of(&Command::PutAssets(vec![market.clone(), market])), None);
        assert_eq!(of(&Command::DeleteType(code("A"))), None);
    }
}
