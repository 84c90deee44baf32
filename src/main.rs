//! The command line of crosstie.
fn main() {}
