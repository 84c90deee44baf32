//! Whatever a client sends, the daemon answers or shows it out, and goes on.

use std::time::Duration;

use crosstie::control::socket::LONGEST_LINE;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

use super::{Daemon, Raw};

const QUERY: &str = r#"{"id":9,"ask":{"query":{"list":"holds","filter":"ok","offset":0,"limit":1}}}"#;
const COMMAND: &str =
    r#"{"id":3,"ask":{"command":{"who":"anna","command":{"command":"undo","event":1,"both":false}}}}"#;

/// Lines that are nearly right, and lines of any bytes. No line breaks: they only make two lines of one.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let near = (prop_oneof![Just(QUERY), Just(COMMAND)], any::<prop::sample::Index>(), 0usize..20, "\\PC{0,8}")
        .prop_map(|(line, at, cut, put)| {
            let mut bytes = line.as_bytes().to_vec();
            let at = at.index(bytes.len());
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, put.bytes());
            bytes
        });
    let any = prop::collection::vec(any::<u8>(), 0..200);
    let far = (0usize..3).prop_map(|more| vec![b'['; LONGEST_LINE / 2 * more + 1]);
    let whole = Just(COMMAND.as_bytes().to_vec());
    prop_oneof![6 => near, 6 => any, 1 => far, 1 => whole]
        .prop_map(|bytes| bytes.into_iter().filter(|byte| *byte != b'\n' && *byte != b'\r').collect())
}

fn lines(count: usize) -> Vec<Vec<u8>> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    (0..count).map(|_| line().new_tree(&mut runner).unwrap().current()).collect()
}

#[tokio::test]
async fn no_line_breaks_the_daemon_or_takes_the_next_one_its_answer() {
    let daemon = Daemon::start().await;
    let mut raw = Raw::greeted(&daemon.path).await;
    // What the lines are made from is understood as it stands: otherwise they would all fail in the same way.
    raw.say(COMMAND.as_bytes()).await;
    let told = raw.answer().await;
    assert_eq!(
        (&told["answer"]["id"], &told["answer"]["answer"]["reply"]["reply"]),
        (&json!(3), &json!("done")),
        "{told}"
    );
    let (mut refused, mut commanded) = (0, 0);
    for line in lines(300) {
        raw.say(&line).await;
        raw.say(QUERY.as_bytes()).await;
        // The line's own answer, if it gets one, and then the query's.
        loop {
            let told = tokio::time::timeout(Duration::from_secs(20), raw.answer()).await;
            let told = told.unwrap_or_else(|_| panic!("no answer after {:?}", String::from_utf8_lossy(&line)));
            let fine =
                told["answer"]["id"] == 9 && told["answer"]["answer"]["window"]["rows"]["rows"][0]["title"] == "ok";
            if fine {
                break;
            }
            refused += usize::from(told.get("error").is_some());
            commanded += usize::from(told["answer"]["answer"].get("reply").is_some());
        }
    }
    assert!(refused > 100, "only {refused} were refused: the lines are too harmless");
    assert!(commanded > 0, "no line was a command still: they are too far from one");
}

#[tokio::test]
async fn no_first_line_breaks_the_daemon() {
    let daemon = Daemon::start().await;
    for line in lines(60) {
        let mut stream = UnixStream::connect(&daemon.path).await.unwrap();
        // It may be shown out before it has said all of it.
        let _ = stream.write_all(&[&line[..], b"\n"].concat()).await;
    }
    let mut raw = Raw::greeted(&daemon.path).await;
    raw.say(QUERY.as_bytes()).await;
    assert_eq!(raw.answer().await["answer"]["id"], 9);
}
