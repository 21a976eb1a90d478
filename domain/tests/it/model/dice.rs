//! Random numbers as choices: zero is the simplest choice, so that what proptest shrinks is simple.

pub(super) struct Dice<'a>(pub(super) &'a [u16]);

impl Dice<'_> {
    /// 0 where no number is left.
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first) % sides
    }

    pub(super) fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == sides - 1
    }

    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.roll(choices.len())]
    }
}
