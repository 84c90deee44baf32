//! What benches that are run by hand print, and what they are told.

use std::io::Write as _;
use std::str::FromStr;

/// One line a figure; false as soon as one is over its limit.
pub struct Table(pub bool);

impl Table {
    pub fn row(&mut self, what: &str, figure: f64, limit: Option<f64>, unit: &str) {
        let kept = limit.is_none_or(|limit| figure <= limit);
        self.0 &= kept;
        let sign = if kept { "+" } else { "x" };
        let limit = limit.map(|limit| format!("at most {limit}")).unwrap_or_default();
        writeln!(std::io::stdout().lock(), "{sign} {what:<62} {figure:>9.2} {unit:<6} {limit}").unwrap();
    }
}

/// What stands behind an option.
pub fn text(name: &str) -> Option<String> {
    let mut args = std::env::args().skip_while(|arg| arg != name);
    args.next().map(|_| args.next().expect("something behind the option"))
}

/// The number behind an option.
pub fn option<N: FromStr>(name: &str, otherwise: N) -> N {
    text(name).map_or(otherwise, |text| text.parse().ok().expect("a number"))
}
