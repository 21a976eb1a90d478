//! Random commands and reads over few names, so that they meet.

use std::collections::{BTreeMap, BTreeSet};

use holdfast_domain::registry::{
    AppContext, AssetName, Association, Change, Code, Command, Context, Direction, Far,
    NamedValues, NewAsset, Removal, Selection, SyncTo,
};

pub(super) const FROM: Direction = Direction::From;
pub(super) const TO: Direction = Direction::To;

const TYPES: [&str; 3] = ["M", "U", "u"];
const CODES: [&str; 4] = ["a", "A", "b/", "é"];
const APPS: [&str; 3] = ["P", "Q", "\u{e000}"];
/// In the order of their bytes the last two are the other way round.
const KEYS: [&str; 3] = ["k", "\u{ff00}", "\u{1f600}"];
const BYTES: [usize; 4] = [0, 1, 100, usize::MAX];

pub(super) struct Dice<'a> {
    rolls: &'a [u16],
    at: usize,
    /// So that running out of rolls is not running out of chance.
    turn: u16,
}

#[derive(Debug)]
pub(super) enum Read {
    Asset(AssetName),
    Assets(Selection, usize),
    Types(Option<BTreeSet<Code>>),
    Association(AssetName, AssetName),
    List(AssetName, Direction, Far, usize),
    Transitive(AssetName, Far),
}

pub(super) fn all_types() -> Command {
    Command::PutTypes(TYPES.iter().map(|ty| (code(ty), BTreeMap::new())).collect())
}

/// In order.
pub(super) fn all_names() -> impl Iterator<Item = AssetName> {
    let mut codes = CODES;
    codes.sort_unstable();
    let of = move |ty: &str| codes.map(|it| AssetName { ty: code(ty), code: code(it) });
    TYPES.into_iter().flat_map(of)
}

fn code(text: &str) -> Code {
    Code::new(text).unwrap()
}

impl<'a> Dice<'a> {
    pub(super) fn new(rolls: &'a [u16]) -> Self {
        Self { rolls, at: 0, turn: 0 }
    }

    fn below(&mut self, sides: usize) -> usize {
        if self.at == self.rolls.len() {
            self.at = 0;
            self.turn = self.turn.wrapping_add(0x9e37);
        }
        let roll = self.rolls[self.at].rotate_left(u32::from(self.turn % 16)) ^ self.turn;
        self.at += 1;
        usize::from(roll) % sides
    }

    pub(super) fn one_in(&mut self, sides: usize) -> bool {
        self.below(sides) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn some<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| make(self)).collect()
    }

    pub(super) fn shuffle(&mut self, rows: &mut [Change]) {
        for last in (1..rows.len()).rev() {
            rows.swap(last, self.below(last + 1));
        }
    }

    fn ty(&mut self) -> Code {
        code(self.pick(&TYPES))
    }

    fn name(&mut self) -> AssetName {
        AssetName { ty: self.ty(), code: code(self.pick(&CODES)) }
    }

    fn map(&mut self) -> BTreeMap<String, String> {
        self.some(2, |dice| (dice.pick(&KEYS).into(), dice.pick(&["", "\"1\u{7f}\n"]).into()))
            .into_iter()
            .collect()
    }

    fn context(&mut self) -> Context {
        let entries = self.some(2, |dice| {
            let ids = if dice.one_in(4) {
                vec![NamedValues { name: "n".into(), values: dice.map() }]
            } else {
                Vec::new()
            };
            AppContext { application: dice.pick(&APPS).into(), ids, metadata: dice.map() }
        });
        distinct(entries, |entry| entry.application.clone())
    }

    fn asset(&mut self) -> NewAsset {
        NewAsset { name: self.name(), context: self.context() }
    }

    fn apps(&mut self) -> BTreeSet<String> {
        self.some(2, |dice| dice.pick(&APPS).to_owned()).into_iter().collect()
    }

    fn types(&mut self) -> BTreeSet<Code> {
        self.some(2, Self::ty).into_iter().collect()
    }

    fn removal(&mut self) -> Removal {
        Removal { apps: self.apps(), delete_on_empty: self.one_in(2) }
    }

    fn far(&mut self) -> Far {
        Far { types: self.types(), apps: self.apps() }
    }

    pub(super) fn command(&mut self) -> Command {
        match self.below(24) {
            0 => {
                let types = self.some(2, |dice| (dice.ty(), dice.map()));
                Command::PutTypes(distinct(types, |(code, _)| code.clone()))
            }
            1 => Command::ReplaceType { code: self.ty(), to: self.ty(), metadata: self.map() },
            2 => Command::DeleteType(self.ty()),
            3 => Command::DeleteTypes(distinct(self.some(2, Self::ty), Code::clone)),
            4..=6 => {
                Command::PutAssets(distinct(self.some(3, Self::asset), |asset| asset.name.clone()))
            }
            7..=9 => Command::ReplaceAsset { name: self.name(), to: self.asset() },
            10..=12 => Command::DeleteAsset { name: self.name(), removal: self.removal() },
            13 => Command::DeleteAssets {
                ty: self.ty(),
                codes: distinct(self.some(3, |dice| dice.name().code), Code::clone),
                removal: self.removal(),
            },
            14..=18 => {
                let many = self.some(3, |dice| Association {
                    from: dice.asset(),
                    to: dice.asset(),
                    context: dice.context(),
                });
                Command::PutAssociations(distinct(many, |it| {
                    (it.from.name.clone(), it.to.name.clone())
                }))
            }
            19 | 20 => Command::DeleteAssociation {
                from: self.name(),
                to: self.name(),
                removal: self.removal(),
            },
            21 => Command::DeleteAssociationsFrom {
                from: self.name(),
                types: self.types(),
                removal: self.removal(),
            },
            _ => self.sync(),
        }
    }

    fn sync(&mut self) -> Command {
        let ty = self.ty();
        let listed = self.some(2, |dice| {
            let mut to = dice.asset();
            to.name.ty = ty.clone();
            (to, dice.context())
        });
        let associations = distinct(listed, |(to, _)| to.name.clone());
        let (from, removal) = (self.asset(), self.removal());
        Command::Sync(SyncTo { from, ty, associations, removal })
    }

    pub(super) fn read(&mut self) -> Read {
        let bytes = self.pick(&BYTES);
        match self.below(6) {
            0 => Read::Asset(self.name()),
            1 => {
                let types = self.one_in(2).then(|| self.types());
                let codes = self.some(3, |dice| dice.name().code);
                let codes = self.one_in(2).then(|| codes.into_iter().collect());
                Read::Assets(Selection { types, codes, apps: self.apps() }, bytes)
            }
            2 => Read::Types(self.one_in(2).then(|| self.types())),
            3 => Read::Association(self.name(), self.name()),
            4 => {
                let direction = self.pick(&[FROM, TO]);
                Read::List(self.name(), direction, self.far(), bytes)
            }
            _ => Read::Transitive(self.name(), self.far()),
        }
    }
}

/// The first of each name.
fn distinct<T, N: Ord>(mut items: Vec<T>, name: impl Fn(&T) -> N) -> Vec<T> {
    let mut seen = BTreeSet::new();
    items.retain(|item| seen.insert(name(item)));
    items
}
