//! The command line of crosstie.
use std::time::Duration;
fn main() {
    let rt = tokio::runtime::Runtime::new().unwrap();
    let secs: u64 = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(20);
    let seed: u64 = std::env::args().nth(2).and_then(|s| s.parse().ok()).unwrap_or(7);
    let r = rt.block_on(crosstie::cli::headless::run(
        &crosstie::cli::demo::Options { seed, rate: 120 },
        Duration::from_secs(secs),
    ));
    println!("{:#}", r.unwrap_or_else(|e| serde_json::json!(e.to_string())));
}
