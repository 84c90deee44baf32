//! The `crosstie` program; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    crosstie::cli::main()
}
