//! What a person at the terminal sees while it works: a bar, and what went wrong.
//!
//! On stderr. Where that is no terminal there is no bar, and what went wrong are lines.

use std::io::{self, Write as _};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

const BAR: &str = "{bar:40} {percent:>3} %  {msg}  {elapsed_precise}, {eta_precise} to go";
const SPINNER: &str = "{spinner} {msg}  {elapsed_precise}";

pub(super) struct Screen(ProgressBar);

impl Screen {
    /// For something of `bytes` bytes, or of any length.
    pub(super) fn new(bytes: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(bytes, ProgressDrawTarget::stderr());
        let style = if bytes.is_some() {
            ProgressStyle::with_template(BAR)
        } else {
            ProgressStyle::with_template(SPINNER)
        };
        bar.set_style(style.expect("a template that is never another"));
        Self(bar)
    }

    #[cfg(test)]
    pub(super) fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// Work begins at `bytes`: what was done before says nothing about the time it takes.
    pub(super) fn begin(&self, bytes: u64) {
        self.0.set_position(bytes);
        self.0.reset_eta();
        self.0.enable_steady_tick(std::time::Duration::from_millis(200));
    }

    /// So far it has come.
    pub(super) fn show(&self, bytes: u64, lines: u64) {
        self.0.set_message(format!("{} lines", HumanCount(lines)));
        self.0.set_position(bytes);
    }

    /// A line that stays.
    pub(super) fn tell(&self, text: &str) {
        self.0.suspend(|| {
            // A closed stderr is nobody's loss.
            let _ = writeln!(io::stderr(), "holdfast: {text}");
        });
    }

    /// The bar goes away.
    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
